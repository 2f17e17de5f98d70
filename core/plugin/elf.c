/* Reads the header of neap_plugin_v2 from the bytes of a shared object, before any of its code can run. */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/host.h"

#define ENTRY "neap_plugin_v2"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#elif defined(__s390x__)
#define MACHINE EM_S390
#elif defined(__loongarch__)
#define MACHINE 258
#else
#error "this processor's ELF machine number is missing here"
#endif

#define BYTE_ORDER_HERE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

typedef struct image {
    const unsigned char *bytes;
    size_t size;
} image;

/* Copies, because data in a file may be unaligned. False when they lie outside the file. */
static bool copy_at(const image *file, uint64_t offset, void *out, size_t length)
{
    if (offset > file->size || length > file->size - offset)
        return false;
    memcpy(out, file->bytes + offset, length);
    return true;
}

static const char *machine_name(unsigned machine, char text[32])
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {{EM_X86_64, "x86-64"}, {EM_AARCH64, "AArch64"}, {EM_RISCV, "RISC-V"},    {EM_386, "i386"},
                 {EM_ARM, "ARM"},       {EM_PPC64, "POWER"},     {EM_S390, "IBM Z"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].machine == machine)
            return names[i].name;
    }
    snprintf(text, 32, "machine %u", machine);
    return text;
}

static int check_file(const image *file, Elf64_Ehdr *head)
{
    char here[32], there[32];
    unsigned char ident[EI_NIDENT];
    if (!copy_at(file, 0, ident, sizeof ident) || memcmp(ident, ELFMAG, SELFMAG) != 0)
        return neap_fail("no ELF file");
    if (ident[EI_CLASS] != ELFCLASS64)
        return neap_fail("no 64-bit ELF file");
    if (ident[EI_DATA] != BYTE_ORDER_HERE)
        return neap_fail("an ELF file of the other byte order");
    if (!copy_at(file, 0, head, sizeof *head))
        return neap_fail("a truncated ELF file");
    if (head->e_machine != MACHINE)
        return neap_fail("expected an ELF file for %s, got one for %s", machine_name(MACHINE, here),
                         machine_name(head->e_machine, there));
    if (head->e_type != ET_DYN)
        return neap_fail("an ELF file, but no shared object");
    if (head->e_shentsize != sizeof(Elf64_Shdr) || head->e_phentsize != sizeof(Elf64_Phdr))
        return neap_fail("an ELF file with tables of an unknown sort");
    return 0;
}

static bool lies_inside(const image *file, uint64_t offset, uint64_t length)
{
    return offset <= file->size && length <= file->size - offset;
}

/* dlopen maps the segments of a truncated file nevertheless, and the process dies when it touches what is missing. */
static int check_parts(const image *file, const Elf64_Ehdr *head)
{
    if (!lies_inside(file, head->e_shoff, head->e_shnum * sizeof(Elf64_Shdr)) ||
        !lies_inside(file, head->e_phoff, head->e_phnum * sizeof(Elf64_Phdr)))
        return neap_fail("a truncated ELF file");
    for (unsigned i = 0; i < head->e_phnum; i++) {
        Elf64_Phdr part;
        copy_at(file, head->e_phoff + i * sizeof part, &part, sizeof part);
        if (part.p_type == PT_LOAD && !lies_inside(file, part.p_offset, part.p_filesz))
            return neap_fail("a truncated ELF file");
    }
    return 0;
}

static bool section_at(const image *file, const Elf64_Ehdr *head, uint64_t index, Elf64_Shdr *section)
{
    return index < head->e_shnum && copy_at(file, head->e_shoff + index * sizeof *section, section, sizeof *section);
}

/* Is the text at `offset` of the string section exactly `name`? */
static bool text_is(const image *file, const Elf64_Shdr *strings, uint64_t offset, const char *name)
{
    size_t length = strlen(name) + 1;
    char text[sizeof ENTRY];
    uint64_t at;
    return length <= sizeof text && offset <= strings->sh_size && length <= strings->sh_size - offset &&
           !__builtin_add_overflow(strings->sh_offset, offset, &at) && copy_at(file, at, text, length) &&
           memcmp(text, name, length) == 0;
}

/* Returns 1 when the symbol is in this table, 0 when not, and -1 when the table lies outside the file. */
static int find_symbol(const image *file, const Elf64_Shdr *table, const Elf64_Shdr *strings, Elf64_Sym *symbol)
{
    uint64_t count = table->sh_size / sizeof *symbol;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t offset;
        if (__builtin_add_overflow(table->sh_offset, i * sizeof *symbol, &offset) ||
            !copy_at(file, offset, symbol, sizeof *symbol))
            return -1; /* this also ends the loop for a hostile count */
        if (symbol->st_shndx != SHN_UNDEF && text_is(file, strings, symbol->st_name, ENTRY))
            return 1;
    }
    return 0;
}

static int find_entry(const image *file, const Elf64_Ehdr *head, Elf64_Sym *symbol)
{
    for (unsigned i = 0; i < head->e_shnum; i++) {
        Elf64_Shdr table, strings;
        if (!section_at(file, head, i, &table) || table.sh_type != SHT_DYNSYM)
            continue;
        int found = section_at(file, head, table.sh_link, &strings) ? find_symbol(file, &table, &strings, symbol) : -1;
        if (found < 0)
            return neap_fail("an ELF file with a broken table of symbols");
        if (found)
            return 0;
        break; /* a shared object has one dynamic symbol table */
    }
    return neap_fail("has no symbol " ENTRY);
}

/* Is it the entry, or a symbol of compiler and linker? Names with two underscores are reserved for these. */
static bool is_expected(const char *name)
{
    static const char *const names[] = {ENTRY, "_init", "_fini", "_edata", "_end"};
    if (name[0] == '_' && name[1] == '_')
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool is_exported(const Elf64_Sym *symbol)
{
    const unsigned binding = ELF64_ST_BIND(symbol->st_info);
    return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS && (binding == STB_GLOBAL || binding == STB_WEAK);
}

/* Adds the names of a table to *list, each cut to its first bytes. */
static int list_strays(const image *file, const Elf64_Shdr *table, const Elf64_Shdr *strings, char **list)
{
    Elf64_Sym symbol;
    for (uint64_t i = 0; i < table->sh_size / sizeof symbol && strlen(*list) < 256; i++) {
        char name[64] = "";
        if (!copy_at(file, table->sh_offset + i * sizeof symbol, &symbol, sizeof symbol))
            return neap_fail("an ELF file with a broken table of symbols");
        if (!is_exported(&symbol))
            continue;
        for (size_t k = 0; k < sizeof name - 1 && copy_at(file, strings->sh_offset + symbol.st_name + k, &name[k], 1) && name[k];)
            k++;
        char *longer = !*name || is_expected(name) ? NULL : neap_format("%s%s%s", *list, **list ? ", " : "", name);
        if (longer) {
            neap_free(*list);
            *list = longer;
        }
    }
    return neap_failed() ? -1 : 0;
}

char *neap_elf_strays(const void *bytes, size_t size)
{
    const image file = {bytes, size};
    Elf64_Ehdr head;
    char *list = check_file(&file, &head) || check_parts(&file, &head) ? NULL : neap_strdup("");
    for (unsigned i = 0; list && i < head.e_shnum; i++) {
        Elf64_Shdr table, strings;
        if (!section_at(&file, &head, i, &table) || table.sh_type != SHT_DYNSYM)
            continue;
        if (!section_at(&file, &head, table.sh_link, &strings) || list_strays(&file, &table, &strings, &list) < 0) {
            neap_fail("an ELF file with a broken table of symbols");
            neap_free(list);
            return NULL;
        }
        break; /* a shared object has one dynamic symbol table */
    }
    return list;
}

/* Copies the bytes that will be at an address once the file is loaded. */
static bool copy_loaded(const image *file, const Elf64_Ehdr *head, uint64_t address, void *out, size_t length)
{
    for (unsigned i = 0; i < head->e_phnum; i++) {
        Elf64_Phdr part;
        copy_at(file, head->e_phoff + i * sizeof part, &part, sizeof part);
        uint64_t inside = address - part.p_vaddr;
        if (part.p_type == PT_LOAD && address >= part.p_vaddr && inside <= part.p_filesz &&
            length <= part.p_filesz - inside)
            return copy_at(file, part.p_offset + inside, out, length);
    }
    return false;
}

int neap_elf_plugin_header(const void *bytes, size_t size, uint32_t *abi, uint32_t *plugin_size)
{
    const image file = {bytes, size};
    Elf64_Ehdr head;
    Elf64_Sym symbol;
    uint32_t start[2];
    if (check_file(&file, &head) || check_parts(&file, &head) || find_entry(&file, &head, &symbol))
        return -1;
    if (symbol.st_size < sizeof start)
        return neap_fail(ENTRY " is no neap_plugin");
    if (!copy_loaded(&file, &head, symbol.st_value, start, sizeof start))
        return neap_fail(ENTRY " lies outside the file");
    *abi = start[0];
    *plugin_size = start[1];
    return 0;
}
