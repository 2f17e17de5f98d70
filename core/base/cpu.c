/*
 * Instruction sets: what the processor offers (cpuid) and the system saves (XGETBV), masked downward by NEAP_CPU.
 */
#include <neap/cpu.h>
#include <neap/error.h>

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const isa_names[NEAP_ISA_COUNT] = {"generic", "avx2", "avx512", "avx512bf16"};

static pthread_once_t detected = PTHREAD_ONCE_INIT;
static neap_isa supported = NEAP_ISA_GENERIC;
static char brand[49] = "unknown processor";

#if defined(__x86_64__)

enum { EAX, EBX, ECX, EDX };

/* One requirement: a bit of a register of a leaf. Leaves above the highest one read as zero. */
typedef struct feature {
    neap_isa isa;
    uint32_t leaf, subleaf;
    int reg, bit;
} feature;

static const feature features[] = {
    {NEAP_ISA_AVX2, 1, 0, ECX, 12},       /* FMA */
    {NEAP_ISA_AVX2, 1, 0, ECX, 28},       /* AVX */
    {NEAP_ISA_AVX2, 1, 0, ECX, 29},       /* F16C */
    {NEAP_ISA_AVX2, 7, 0, EBX, 5},        /* AVX2 */
    {NEAP_ISA_AVX512, 1, 0, ECX, 22},     /* MOVBE: this and the next three belong to x86-64-v4 */
    {NEAP_ISA_AVX512, 7, 0, EBX, 3},      /* BMI1 */
    {NEAP_ISA_AVX512, 7, 0, EBX, 8},      /* BMI2 */
    {NEAP_ISA_AVX512, 0x80000001u, 0, ECX, 5}, /* LZCNT */
    {NEAP_ISA_AVX512, 7, 0, EBX, 16},     /* F */
    {NEAP_ISA_AVX512, 7, 0, EBX, 17},     /* DQ */
    {NEAP_ISA_AVX512, 7, 0, EBX, 28},     /* CD */
    {NEAP_ISA_AVX512, 7, 0, EBX, 30},     /* BW */
    {NEAP_ISA_AVX512, 7, 0, EBX, 31},     /* VL */
    {NEAP_ISA_AVX512BF16, 7, 1, EAX, 5},  /* BF16 */
};

/* The state components of XCR0 that the system must save: XMM and YMM; then the mask registers and ZMM as well. */
static const uint64_t saved_state[NEAP_ISA_COUNT] = {0, 0x06, 0xe6, 0xe6};

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

static bool processor_has(neap_isa isa)
{
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const feature *f = &features[i];
        if (f->isa == isa && !(cpuid_register(f->leaf, f->subleaf, f->reg) >> f->bit & 1)) {
            return false;
        }
    }
    return true;
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

static void detect(void)
{
    const uint64_t saved = saved_by_system();
    for (int isa = NEAP_ISA_GENERIC + 1; isa < NEAP_ISA_COUNT; isa++) {
        if ((saved & saved_state[isa]) != saved_state[isa] || !processor_has((neap_isa)isa)) {
            break;
        }
        supported = (neap_isa)isa;
    }
    read_brand();
}

#else

static void detect(void)
{
}

#endif

const char *neap_isa_name(neap_isa isa)
{
    return (unsigned)isa < NEAP_ISA_COUNT ? isa_names[isa] : "unknown";
}

int neap_isa_parse(const char *name)
{
    for (int isa = 0; isa < NEAP_ISA_COUNT; isa++) {
        if (!strcmp(name, isa_names[isa])) {
            return isa;
        }
    }
    return neap_fail("cpu: expected generic, avx2, avx512 or avx512bf16, got '%s'", name);
}

neap_isa neap_isa_supported(void)
{
    pthread_once(&detected, detect);
    return supported;
}

const char *neap_cpu_name(void)
{
    pthread_once(&detected, detect);
    return brand;
}

/* NEAP_CPU as it stood when first asked; -1 for a name that means nothing. */
static pthread_once_t chosen = PTHREAD_ONCE_INIT;
static int active;
static char unknown_name[64];

static void choose(void)
{
    const char *wanted = getenv("NEAP_CPU");
    active = (int)neap_isa_supported();
    if (!wanted || !*wanted) {
        return;
    }
    int isa = 0;
    while (isa < NEAP_ISA_COUNT && strcmp(wanted, isa_names[isa])) {
        isa++;
    }
    if (isa == NEAP_ISA_COUNT) {
        strncat(unknown_name, wanted, sizeof unknown_name - 1);
        active = -1;
    } else if (isa < active) {
        active = isa;
    }
}

int neap_isa_active(void)
{
    pthread_once(&chosen, choose);
    if (active < 0) {
        return neap_fail("NEAP_CPU: expected generic, avx2, avx512 or avx512bf16, got '%s'", unknown_name);
    }
    return active;
}
