/* Random tensors: one sample of the stream per row of the first axis. */
#include <neap/parallel.h>

#include "ops/op.h"

typedef struct random_job {
    neap_random random;
    uint64_t first;
    int64_t row;
    float *out;
    void (*fill)(neap_random random, uint64_t sample, int64_t count, float *out);
} random_job;

static void fill_rows(void *user, int64_t begin, int64_t end)
{
    const random_job *job = user;
    for (int64_t i = begin; i < end; i++)
        job->fill(job->random, job->first + (uint64_t)i, job->row, job->out + i * job->row);
}

static neap_tensor *random_tensor(random_job job, neap_shape shape)
{
    neap_tensor *x = neap_empty(NEAP_F32, shape);
    int64_t rows = shape.rank ? shape.dim[0] : 1;
    if (!x || neap_size(x) == 0)
        return x;
    job.row = neap_size(x) / rows;
    job.out = neap_data(x);
    neap_parallel(rows, 1 + 4096 / job.row, fill_rows, &job);
    return x;
}

neap_tensor *neap_randn(neap_random random, uint64_t first, neap_shape shape)
{
    return random_tensor((random_job){.random = random, .first = first, .fill = neap_random_normal}, shape);
}

neap_tensor *neap_rand(neap_random random, uint64_t first, neap_shape shape)
{
    return random_tensor((random_job){.random = random, .first = first, .fill = neap_random_uniform}, shape);
}
