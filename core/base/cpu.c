/*
 * Features: what the processor has (cpuid) and the system saves (XGETBV), reduced to a level by NEAP_CPU.
 */
#include <neap/cpu.h>
#include <neap/error.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const neap_cpu_level levels[] = {
    {"generic", NEAP_LEVEL_GENERIC},
    {"avx2", NEAP_LEVEL_AVX2},
    {"avx512", NEAP_LEVEL_AVX512},
    {"avx512bf16", NEAP_LEVEL_AVX512BF16},
};
_Static_assert(sizeof levels / sizeof *levels == NEAP_CPU_LEVELS, "cpu.h counts the levels");

static pthread_once_t detected = PTHREAD_ONCE_INIT;
static int64_t supported;
static char brand[49] = "unknown processor";

#if defined(__x86_64__)

enum { EAX, EBX, ECX, EDX };

/* State components of XCR0: XMM and YMM; with the mask registers and ZMM. */
enum { NO_STATE = 0, YMM_STATE = 0x06, ZMM_STATE = 0xe6 };

/* Where cpuid reports a feature, and the state that the system must save for it. */
typedef struct feature {
    int64_t feature;
    uint32_t leaf, subleaf;
    int reg, bit;
    uint64_t state;
} feature;

static const feature features[] = {
    {NEAP_CPU_FMA, 1, 0, ECX, 12, YMM_STATE},
    {NEAP_CPU_AVX, 1, 0, ECX, 28, YMM_STATE},
    {NEAP_CPU_F16C, 1, 0, ECX, 29, YMM_STATE},
    {NEAP_CPU_AVX2, 7, 0, EBX, 5, YMM_STATE},
    {NEAP_CPU_MOVBE, 1, 0, ECX, 22, NO_STATE},
    {NEAP_CPU_BMI1, 7, 0, EBX, 3, NO_STATE},
    {NEAP_CPU_BMI2, 7, 0, EBX, 8, NO_STATE},
    {NEAP_CPU_LZCNT, 0x80000001u, 0, ECX, 5, NO_STATE},
    {NEAP_CPU_AVX512F, 7, 0, EBX, 16, ZMM_STATE},
    {NEAP_CPU_AVX512DQ, 7, 0, EBX, 17, ZMM_STATE},
    {NEAP_CPU_AVX512CD, 7, 0, EBX, 28, ZMM_STATE},
    {NEAP_CPU_AVX512BW, 7, 0, EBX, 30, ZMM_STATE},
    {NEAP_CPU_AVX512VL, 7, 0, EBX, 31, ZMM_STATE},
    {NEAP_CPU_AVX512_BF16, 7, 1, EAX, 5, ZMM_STATE},
};

/* Leaves above the highest one read as zero. */
static uint32_t cpuid_register(uint32_t leaf, uint32_t subleaf, int reg)
{
    unsigned r[4] = {0, 0, 0, 0};
    return __get_cpuid_count(leaf, subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) ? r[reg] : 0;
}

/* XCR0, or 0 where the system has not enabled XSAVE: the instruction would fault there. */
static uint64_t saved_by_system(void)
{
    const uint32_t osxsave = 1u << 27;
    if (!(cpuid_register(1, 0, ECX) & osxsave)) {
        return 0;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static void read_brand(void)
{
    char text[49] = "";
    for (uint32_t i = 0; i < 3; i++) {
        for (int reg = EAX; reg <= EDX; reg++) {
            uint32_t part = cpuid_register(0x80000002u + i, 0, reg);
            memcpy(text + 16 * i + 4 * reg, &part, sizeof part);
        }
    }
    const char *start = text + strspn(text, " ");
    if (*start) {
        strcpy(brand, start);
    }
}

static int64_t read_features(void)
{
    const uint64_t saved = saved_by_system();
    int64_t found = 0;
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const feature *f = &features[i];
        if ((saved & f->state) == f->state && cpuid_register(f->leaf, f->subleaf, f->reg) >> f->bit & 1) {
            found |= f->feature;
        }
    }
    return found;
}

static void detect(void)
{
    read_brand();
    supported = NEAP_X86_VARIANTS ? read_features() : 0;
}

#else

static void detect(void)
{
}

#endif

const neap_cpu_level *neap_cpu_level_at(int index)
{
    return index >= 0 && index < NEAP_CPU_LEVELS ? &levels[index] : NULL;
}

const char *neap_cpu_level_name(int64_t mask)
{
    int last = 0;
    for (int i = 0; i < NEAP_CPU_LEVELS; i++) {
        if ((levels[i].features & ~mask) == 0) {
            last = i;
        }
    }
    return levels[last].name;
}

int64_t neap_cpu_supported(void)
{
    pthread_once(&detected, detect);
    return supported;
}

const char *neap_cpu_name(void)
{
    pthread_once(&detected, detect);
    return brand;
}

/* NEAP_CPU as it stood on the first call; -1 where it names no level. */
static pthread_once_t chosen = PTHREAD_ONCE_INIT;
static int64_t active;
static char unknown_name[64];

static void choose(void)
{
    const char *wanted = getenv("NEAP_CPU");
    active = neap_cpu_supported();
    if (!wanted || !*wanted) {
        return;
    }
    for (int i = 0; i < NEAP_CPU_LEVELS; i++) {
        if (!strcmp(wanted, levels[i].name)) {
            active &= levels[i].features;
            return;
        }
    }
    strncat(unknown_name, wanted, sizeof unknown_name - 1);
    active = -1;
}

/* The names of all levels: "generic, avx2 or avx512". */
static void list_levels(char *text, size_t size)
{
    size_t length = 0;
    for (int i = 0; i < NEAP_CPU_LEVELS && length < size; i++) {
        const char *before = i == 0 ? "" : i == NEAP_CPU_LEVELS - 1 ? " or " : ", ";
        length += (size_t)snprintf(text + length, size - length, "%s%s", before, levels[i].name);
    }
}

int64_t neap_cpu_features(void)
{
    pthread_once(&chosen, choose);
    if (active < 0) {
        char names[256];
        list_levels(names, sizeof names);
        return neap_fail("NEAP_CPU: expected %s, got '%s'", names, unknown_name);
    }
    return active;
}
