/* Fuzz target: any bytes as a shared object's file, of which the plugin's ABI, size and symbols are read. */
#include <elf.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/host.h"
#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t abi = 0, plugin_size = 0;
    int status = neap_elf_plugin_header(data, size, &abi, &plugin_size);
    if ((status != 0) != neap_failed())
        abort(); /* a failure has a message, and a success has none */
    neap_error_clear();
    char *strays = neap_elf_strays(data, size);
    if (!strays != neap_failed())
        abort();
    neap_free(strays);
    neap_error_clear();
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

/* The least file in which an entry is found: one part, a table of symbols, and the symbols' names. */
typedef struct least_file {
    Elf64_Ehdr head;
    Elf64_Phdr part;
    Elf64_Shdr section[3];
    Elf64_Sym symbol[2];
    char names[16];
    uint32_t entry[2];
} least_file;

/* Machine and byte order are those of the program that runs. */
static void make_native(Elf64_Ehdr *head)
{
    static Elf64_Ehdr here;
    FILE *self = here.e_machine ? NULL : fopen("/proc/self/exe", "rb");
    if (self && fread(&here, sizeof here, 1, self) != 1)
        abort();
    if (self)
        fclose(self);
    head->e_machine = here.e_machine;
    head->e_ident[EI_DATA] = here.e_ident[EI_DATA];
}

static size_t make_file(int index, uint8_t *bytes)
{
    if (index > 0)
        return 0;
    least_file file = {
        .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, 0, EV_CURRENT},
                 .e_type = ET_DYN,
                 .e_phoff = offsetof(least_file, part),
                 .e_shoff = offsetof(least_file, section),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 1,
                 .e_shentsize = sizeof(Elf64_Shdr),
                 .e_shnum = 3},
        .part = {.p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = sizeof file},
        .section = {{0},
                    {.sh_type = SHT_DYNSYM, .sh_offset = offsetof(least_file, symbol), .sh_size = sizeof file.symbol,
                     .sh_link = 2},
                    {.sh_type = SHT_STRTAB, .sh_offset = offsetof(least_file, names), .sh_size = sizeof file.names}},
        .symbol = {{0},
                   {.st_name = 1, .st_shndx = 1, .st_size = 48, .st_value = 0x10000 + offsetof(least_file, entry)}},
        .names = "\0neap_plugin_v2",
        .entry = {NEAP_ABI, sizeof(neap_plugin)},
    };
    make_native(&file.head);
    memcpy(bytes, &file, sizeof file);
    return sizeof file;
}

int main(int argc, char **argv)
{
    uint8_t bytes[MAX_SEED];
    uint32_t abi = 0, plugin_size = 0;
    if (neap_elf_plugin_header(bytes, make_file(0, bytes), &abi, &plugin_size) || plugin_size != sizeof(neap_plugin)) {
        fprintf(stderr, "the seed is refused: %s\n", neap_error_message());
        return 1;
    }
    return replay(argc, argv, make_file, 200000);
}

#endif
