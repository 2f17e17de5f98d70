/* Metrics of a step: means of tensors, and the fidelity of reconstructions. */
#include "autoencoder.h"

int autoencoder_report_mean(neap_step *step, const char *name, neap_tensor *x)
{
    const bool recorded = neap_record(false);
    neap_tensor *mean = neap_mean(x, NULL, 0, false);
    neap_record(recorded);
    return mean ? neap_step_report(step, name, neap_item(mean)) : -1;
}

int autoencoder_report_pictures(neap_step *step, neap_tensor *x, neap_tensor *y)
{
    neap_scope scope = neap_scope_open();
    const bool recorded = neap_record(false);
    int status = autoencoder_report_mean(step, "psnr", neap_psnr(x, y));
    if (status == 0)
        status = autoencoder_report_mean(step, "ssim", neap_ssim(x, y));
    neap_record(recorded);
    neap_scope_close(scope);
    return status;
}
