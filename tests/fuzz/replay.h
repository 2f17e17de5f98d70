/*
 * What fuzz targets share. Built with clang -fsanitize=fuzzer a target is driven by libFuzzer; built with
 * -DNEAP_FUZZ_REPLAY it has a main() of its own, which replays the files named on its command line, or, without any,
 * makes inputs from the target's seeds by a fixed sequence of mutations, so that the ordinary tests run it everywhere.
 * `-w FOLDER` writes the seeds there, for libFuzzer to begin with; tests/fuzz/libfuzzer.sh does that, builds a target
 * with clang, and runs it.
 */
#ifndef NEAP_REPLAY_H
#define NEAP_REPLAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes seed number `index` to bytes, of which there are MAX_SEED, and gives its size; 0 past the last one. */
#define MAX_SEED 4096
typedef size_t make_seed(int index, uint8_t *bytes);

/* xorshift64* */
static inline uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u >> 16;
}

/* One change: a bit, a byte, a number that often breaks things, a block that moves, a cut or more at the end. */
static inline size_t mutate(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint64_t numbers[] = {0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, UINT64_MAX};
    size_t at = size ? draw(state) % size : 0, to = size ? draw(state) % size : 0, longest = at > to ? at : to;
    uint64_t how = draw(state) % 6, number = numbers[draw(state) % 9];
    size_t width = (size_t)1 << draw(state) % 4, length = size ? draw(state) % (size - longest) : 0;
    if (how == 0 && size)
        bytes[at] ^= (uint8_t)(1u << draw(state) % 8);
    else if (how == 1 && size)
        bytes[at] = (uint8_t)draw(state);
    else if (how == 2 && at + width <= size)
        memcpy(bytes + at, &number, width);
    else if (how == 3 && size)
        memmove(bytes + to, bytes + at, length);
    else if (how == 4)
        return at;
    else if (how == 5 && size < MAX_SEED)
        bytes[size++] = (uint8_t)draw(state);
    return size;
}

/* The target sees a block of exactly the input's size, so that a sanitizer notices each byte read beyond. */
static inline void run_exact(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (copy && size)
        memcpy(copy, bytes, size);
    if (copy)
        LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static inline int replay_file(const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    run_exact(bytes, fread(bytes, 1, sizeof bytes, file));
    fclose(file);
    return 0;
}

static inline int write_seeds(make_seed *make, const char *folder)
{
    uint8_t bytes[MAX_SEED];
    char path[1024];
    for (size_t i = 0, size; (size = make((int)i, bytes)) > 0; i++) {
        snprintf(path, sizeof path, "%s/seed-%zu", folder, i);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(bytes, 1, size, file) != size) {
            perror(path);
            return 1;
        }
        fclose(file);
    }
    return 0;
}

static inline int replay(int argc, char **argv, make_seed *make, int rounds)
{
    uint64_t state = 88172645463325252u;
    uint8_t bytes[MAX_SEED];
    if (argc == 3 && strcmp(argv[1], "-w") == 0)
        return write_seeds(make, argv[2]);
    for (int i = 1; i < argc; i++) {
        if (replay_file(argv[i]))
            return 1;
    }
    int inputs = 0;
    for (int i = 0; argc < 2 && make(i, bytes); i++) {
        for (int round = 0; round < rounds; round++, inputs++) {
            size_t size = make(i, bytes);
            for (uint64_t n = round ? 1 + draw(&state) % 4 : 0; n > 0; n--)
                size = mutate(bytes, size, &state);
            run_exact(bytes, size);
        }
    }
    printf("%s: %d inputs\n", argv[0], argc < 2 ? inputs : argc - 1);
    return 0;
}

/* A safetensors file of a header and `size` zeros, in `bytes`; returns its length. */
static inline size_t put_safetensors(const char *header, size_t size, uint8_t *bytes)
{
    const size_t length = strlen(header);
    memset(bytes, 0, 8 + length + size);
    bytes[0] = (uint8_t)length;
    bytes[1] = (uint8_t)(length >> 8);
    memcpy(bytes + 8, header, length);
    return 8 + length + size;
}

#endif
