/*
 * Shared objects: sound ones are loaded, broken ones are named with their reason, and no code runs before the ABI is
 * known. The plugins of tests/core/plugin/broken are looked for in the folder NEAP_TEST_PLUGINS, or .libs.
 */
#include <elf.h>
#include <sys/stat.h>

#include <neap/run.h>

#include "plugin_test.h"

static const char *built(const char *name)
{
    static char paths[4][512];
    static int at;
    const char *folder = getenv("NEAP_TEST_PLUGINS");
    at = (at + 1) % 4;
    snprintf(paths[at], sizeof paths[at], "%s/%s.so", folder ? folder : ".libs", name);
    return paths[at];
}

static unsigned char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not built", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static const char *copy_plugin(const char *name, const char *as)
{
    size_t size;
    unsigned char *bytes = read_all(built(name), &size);
    const char *path = write_file(as, bytes, size);
    free(bytes);
    return path;
}

/* Fails with "plugin PATH: message". */
static void refused(const char *path, const char *message)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "plugin %s: %s", path, message);
    ck_fails_with(neap_registry_load(path), whole);
    ck_assert_int_eq(neap_registry_count("sampler"), 0);
}

START_TEST(sound_is_loaded)
{
    char other[600];
    ck_succeeds(neap_registry_load(built("sound")));
    const neap_component *sound = neap_registry_find("sampler", "sound");
    ck_assert_ptr_nonnull(sound);
    ck_assert_str_eq(neap_registry_origin(sound), built("sound"));
    ck_assert_str_eq(neap_registry_plugin(sound)->version, "1.2.3");
    ck_assert_ptr_nonnull(getenv("NEAP_BROKEN_RAN")); /* the trace that other tests rely on */
    ck_succeeds(neap_registry_load(built("sound")));   /* twice is no error, by another path neither */
    snprintf(other, sizeof other, "%s", in_folder("link.so"));
    char *target = realpath(built("sound"), NULL);
    ck_succeeds(symlink(target, other));
    free(target);
    ck_succeeds(neap_registry_load(other));
    ck_assert_int_eq(neap_registry_count("sampler"), 1);
    neap_instance *instance = neap_instance_new(sound);
    ck_succeeds(neap_instance_set_text(instance, "steps", "3"));
    neap_instance_release(instance);
}
END_TEST

START_TEST(one_component_in_two_versions)
{
    ck_succeeds(neap_registry_load(built("versions")));
    ck_assert_int_eq(neap_registry_count("sampler"), 1);
    ck_assert_str_eq(neap_registry_find("sampler", "versions")->interface, "sampler/2");
}
END_TEST

/* Members that the plugin's header did not have are absent, whatever lies behind its struct. */
START_TEST(an_older_struct_is_served)
{
    const char *const later[] = {"generate", "discriminate", "encode", "decode", "features", "classify", "average"};
    ck_succeeds(neap_registry_load(built("short")));
    neap_instance *instance = neap_instance_new(neap_registry_find("architecture", "short"));
    neap_network *network = neap_network_new(instance, 1);
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    neap_spec spec = {.size = sizeof spec};
    neap_network_spec(network, &spec);
    ck_assert_int_eq(spec.channels, 2);
    ck_assert_int_eq(spec.latent.channels, 0);
    ck_assert(neap_network_offers(network, "velocity"));
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        ck_assert_msg(!neap_network_offers(network, later[i]), "offers '%s'", later[i]);
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_full(NEAP_F32, neap_dims(1, 1, 1, 2), 3);
    neap_tensor *v = neap_network_velocity(network, x, neap_zeros(NEAP_F32, neap_dims(1)), NULL);
    ck_assert_msg(v != NULL, "%s", neap_error_message());
    ck_assert_float_eq(((const float *)neap_data(v))[1], 6);
    neap_scope_close(scope);
    neap_network_release(network);
    neap_instance_release(instance);
}
END_TEST

START_TEST(refused_before_code_runs)
{
    refused(built("no_entry"), "has no symbol neap_plugin_v2");
    refused(built("wrong_abi"), "expected ABI 2, got ABI 999");
    refused(built("wrong_size"), "expected a neap_plugin of at least 48 bytes, got 8");
    ck_assert_ptr_null(getenv("NEAP_BROKEN_RAN"));
}
END_TEST

START_TEST(refused_after_loading)
{
    refused(built("twice"), "sampler 'twice' is there twice");
    for (int again = 0; again < 2; again++)
        refused(built("bad_table"),
                "component 1 (bad_table): parameter 1 (far): offset 4096 lies outside the config's 16 bytes");
    refused(built("unknown_interface"), "component 1 (unknown_interface): interface 'oracle/1' is not known");
    refused(built("newer_only"), "component 1 (newer_only): interface 'sampler/3' is not served; this neap serves sampler/2");
    ck_fails_saying(neap_registry_load(built("missing_symbol")), ".so: cannot be loaded: undefined symbol");
    ck_succeeds(neap_registry_load(built("sound")));
    ck_fails_saying(neap_registry_load(built("taken")), "sampler 'sound' is taken by ");
    ck_assert_int_eq(neap_registry_count("sampler"), 1);
}
END_TEST

START_TEST(no_plugins)
{
    refused(in_folder("absent.so"), "No such file or directory");
    refused(test_folder, "no regular file");
    refused(write_file("empty.so", "", 0), "no ELF file, it is empty");
    refused(write_file("text.so", "#!/bin/sh\necho hello, world\n", 28), "no ELF file");
    ck_assert_int_eq(mkfifo(in_folder("pipe.so"), 0600), 0);
    refused(in_folder("pipe.so"), "no regular file");
    ck_fails_with(neap_registry_load(NULL), "plugin: expected a path");
}
END_TEST

/* The sound plugin with some bytes of its ELF header replaced. */
static const char *patched(const char *name, size_t offset, unsigned value, size_t width)
{
    size_t size;
    unsigned char *bytes = read_all(built("sound"), &size);
    memcpy(bytes + offset, &value, width);
    const char *path = write_file(name, bytes, size);
    free(bytes);
    return path;
}

START_TEST(other_elf_files)
{
    refused(patched("class.so", EI_CLASS, ELFCLASS32, 1), "no 64-bit ELF file");
    refused(patched("order.so", EI_DATA, ELFDATANONE, 1), "an ELF file of the other byte order");
    refused(patched("type.so", offsetof(Elf64_Ehdr, e_type), ET_REL, 2), "an ELF file, but no shared object");
    ck_fails_saying(neap_registry_load(patched("machine.so", offsetof(Elf64_Ehdr, e_machine), EM_MIPS, 2)),
                    "expected an ELF file for ");
    ck_fails_saying(neap_registry_load(patched("machine.so", offsetof(Elf64_Ehdr, e_machine), EM_MIPS, 2)),
                    ", got one for machine 8");
    refused(patched("sections.so", offsetof(Elf64_Ehdr, e_shnum), 0, 2), "has no symbol neap_plugin_v2");
    refused(patched("place.so", offsetof(Elf64_Ehdr, e_shoff) + 4, 0xffffffff, 4), "a truncated ELF file");
    refused(patched("parts.so", offsetof(Elf64_Ehdr, e_phnum), 0, 2), "neap_plugin_v2 lies outside the file");
    ck_assert_ptr_null(getenv("NEAP_BROKEN_RAN"));
}
END_TEST

/* Cut anywhere, the file is refused before it could be loaded. */
START_TEST(truncated)
{
    size_t size;
    unsigned char *bytes = read_all(built("sound"), &size);
    for (size_t cut = 0; cut < size; cut += cut < 70 ? 1 : 997) {
        const char *path = write_file("cut.so", bytes, cut);
        ck_assert_msg(neap_registry_load(path) != 0, "cut after %zu bytes", cut);
        ck_assert_ptr_nonnull(strstr(neap_error_message(), " ELF file"));
        neap_error_clear();
    }
    free(bytes);
    ck_assert_ptr_null(getenv("NEAP_BROKEN_RAN"));
}
END_TEST

static char warnings[8][512];
static int warned;

static void note(void *user, const char *message)
{
    (void)user;
    ck_assert_int_lt(warned, 8);
    snprintf(warnings[warned++], sizeof warnings[0], "%s", message);
}

START_TEST(scan_goes_on)
{
    char folders[1200];
    copy_plugin("sound", "b_sound.so");
    copy_plugin("wrong_abi", "a_wrong.so");
    copy_plugin("taken", "c_taken.so");
    write_file("d_text.so", "no plugin", 9);
    write_file("ignored.txt", "no plugin", 9);
    write_file("ignored.so.bak", "no plugin", 9);
    neap_on_warning(note, NULL);
    snprintf(folders, sizeof folders, ":/nowhere/at/all:%s::", test_folder);
    ck_assert_int_eq(neap_registry_scan(folders), 4);
    ck_assert_int_eq(warned, 4);
    ck_assert(!neap_failed());
    ck_assert_str_eq(warnings[0], "plugin folder /nowhere/at/all: No such file or directory");
    ck_assert_ptr_nonnull(strstr(warnings[1], "a_wrong.so: expected ABI 2, got ABI 999"));
    ck_assert_ptr_nonnull(strstr(warnings[2], "c_taken.so: sampler 'sound' is taken by "));
    ck_assert_ptr_nonnull(strstr(warnings[3], "d_text.so: no ELF file"));
    ck_assert_ptr_nonnull(neap_registry_find("sampler", "sound"));
    warned = 0;
    ck_assert_int_eq(neap_registry_scan(folders), 4); /* again: the sound one is there already */
    char *searched = neap_registry_searched();
    ck_assert_int_eq(strncmp(searched, "/nowhere/at/all, ", 17), 0);
    neap_free(searched);
    ck_assert_ptr_null(neap_registry_find("sampler", "zebra"));
    ck_assert_ptr_nonnull(strstr(neap_error_message(), "sampler 'zebra' is not known; plugins were searched in /nowhere/at/all, "));
    neap_error_clear();
    warned = 0;
    ck_assert_int_eq(neap_registry_scan(in_folder("d_text.so")), 1);
    ck_assert_ptr_nonnull(strstr(warnings[0], "d_text.so: Not a directory"));
    ck_assert_int_eq(neap_registry_scan(NULL), 0);
    ck_assert_int_eq(neap_registry_scan(""), 0);
    neap_on_warning(NULL, NULL);
}
END_TEST

static bool load_sound(void)
{
    return neap_registry_load(built("sound")) == 0;
}

START_TEST(no_memory)
{
    refuse_each(load_sound);
    ck_assert_int_eq(neap_registry_count("sampler"), 1);
}
END_TEST

int main(void)
{
    return RUN_SUITE("loader", sound_is_loaded, one_component_in_two_versions, an_older_struct_is_served,
                     refused_before_code_runs, refused_after_loading, no_plugins,
                     other_elf_files, truncated, scan_goes_on, no_memory);
}
