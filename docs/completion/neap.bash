# Completion of neap for bash. Written by `neap help --write docs`; do not edit it.
_neap() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options="" words="" values="" files=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "run sample eval runs compare report encode import export list help env bench plugin repl --help --version" -- "$word")
        return
    fi
    case ${COMP_WORDS[1]} in
    run) options="" words="steps= minutes= batch= seed= out= checkpoint_every= sample_every= score_every= precision= threads= resume= extend=" files=yes ;;
    sample) options="-n -o --label --text --prompts --negative --picture --image --level --keep --invert --interpolate --morph --film --seed --sampler --steps --w --interval --rescale --worse --batch --precision --threads --raw" words="" files=yes ;;
    eval) options="-n --labels --data --evaluator --metric --reference --conditions --resamples --cas --cas-steps --samples --sample-labels --json --seed --sampler --steps --w --interval --rescale --worse --batch --precision --threads --raw" words="" files=yes ;;
    runs) options="" words="" files=yes ;;
    compare) options="-o" words="" files=yes ;;
    report) options="" words="" files=yes ;;
    encode) options="-o --data --flip --batch --precision --threads" words="" files=yes ;;
    import) options="-o --verbose" words="size= rows= columns= heads= prediction= scale= shift= groups=" files=yes ;;
    export) options="-o --as" words="" files=yes ;;
    list) options="" words="architecture objective sampler guidance dataset metric" files= ;;
    help) options="--write" words="NEAP_CPU NEAP_GEMM NEAP_LUA_PATH NEAP_PLUGIN_DIR NEAP_PLUGIN_PATH abs add affine arange architecture architecture.dit architecture.gan architecture.matcher architecture.mlp architecture.mmdit architecture.vae_gan architecture.vit arrows assign attention autoencoder autograd autograd.check autograd.dump average average_pool averaged backward bars batch batch_norm batches bce_with_logits bench cast check checkpoint checkpoint.ended checkpoint.export checkpoint.load checkpoint.model checkpoint.resume checkpoint.save checkpoint.save_network checkpoint.settings checkpoint.started_from chunk clamp classify clear clear_grad close compare component concat contiguous conv2d conv2d_transpose conv2d_weight cos count couple cross_attention cross_entropy dataset dataset.captioned_shapes dataset.coupled dataset.degraded dataset.emoji dataset.folder dataset.idx dataset.latents dataset.shapes dataset.stacked dataset.tensors dataset.toy2d decode define define.architecture define.dataset define.guidance define.load define.metric define.objective define.sampler detach discriminate div each embedding embedding_sum encode encoded encoded_by encoded_from env eq erf eval evaluate evaluate.accuracy evaluate.by_batches evaluate.evidence evaluate.join evaluate.matching evaluate.pictures evaluate.pixels evaluate.points evaluate.retrieval evaluate.score exists exp expand export features figure film filter fingerprint floor folder freeze full gated_add gather ge gelu gelu_tanh generate gradients group_norm group_norm_silu gt guidance guidance.autoguidance guidance.cfg guidance.interval guidance.rescale help histogram image image.caption image.enlarge image.film image.grid image.load image.load_mask image.points image.save import interpolate item joint_attention json kind label_name label_names layer_norm le leaky_relu line linear linear_gated_add linear_gelu linspace list log log_softmax lt matmul max max_pool max_pool_index maximum mean measure measured memory metric metric.agreement metric.frechet metric.kernel metric.modes metric.precision_recall metric.retrieval metric.shape_attributes metric.sliced_wasserstein metric.support metric_rows metrics minimum model modulated_norm morph mul name ne neap neg no_grad noise_shape npy npy.load npy.save objective objective.adversarial objective.classification objective.contrastive objective.flow_matching objective.mean_flow objective.reflow objective.vae_gan offers ones ops optimizer optimizer.adamw optimizer.sgd options origin pad parameter parameters permute picture pictures plot plot.mix plot.panels plot.series plugin points power precision prepare primitives rand rand_like randn randn_like read reciprocal reconstruction reconstruction.examples reconstruction.fits reconstruction.of reconstruction.rows relu repl report require_grad resample reshape resize resume rms_norm rsqrt run run.checkpoint run.loss run.path run.step runs sample sampler sampler.ab2 sampler.dopri5 sampler.euler sampler.euler_maruyama sampler.guidance sampler.heun sampler.heun_sde sampler.latent sampler.mean sampler.midpoint save scatter_add schedule seed self_attention series set_autoencoder set_objective set_origin shape sigmoid sign silu sin size slice softmax softplus spec sqrt square stages step sub sum svg tanh tensor tensor.dtype tensor.grad tensor.requires_grad text texts threads times to_latents to_pictures tolist train training uniform variance velocity version watch where whole with zeros" files= ;;
    env) options="" words="" files= ;;
    bench) options="" words="batch= steps= threads= precision= conv conv-data conv-weight dcgan-train dit-sample dit-train gemm group-norm group-norm-gradient vaegan-train" files= ;;
    plugin) options="-o --level --case --seed --seconds --json" words="" files=yes ;;
    repl) options="" words="" files= ;;
    esac
    case $before in
    --sampler) values="ab2 dopri5 euler euler_maruyama heun heun_sde latent mean midpoint" ;;
    --precision) values="auto fp32 bf16" ;;
    --evaluator) values="FILE none" ;;
    --metric) values="agreement frechet kernel modes precision_recall retrieval shape_attributes sliced_wasserstein support" ;;
    --reference) values="test training" ;;
    --conditions) values="test training" ;;
    --json) values="FILE -" ;;
    --as) values="diffusers dit neap" ;;
    esac
    if [ -n "$values" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
    elif [ "${word#-}" != "$word" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word")
    elif [ -n "$files" ] && { [ "$COMP_CWORD" -eq 2 ] || [ "${before#-}" != "$before" ]; }; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        [ "${#COMPREPLY[@]}" -eq 1 ] && [ "${COMPREPLY[0]%=}" != "${COMPREPLY[0]}" ] && compopt -o nospace 2>/dev/null
    fi
}
complete -F _neap neap
