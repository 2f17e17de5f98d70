/* Fuzz target: any bytes as texts of a condition, of any limit. Rows are UTF-8, and a refusal has a message. */
#include <neap/condition.h>
#include <neap/error.h>
#include <neap/io.h>

#include "replay.h"

#define MOST_TEXTS 8

/* Each row is a whole part of its text, of whole characters, and as long as the limit allows. */
static void check_row(neap_string text, const char *row, int64_t width, int32_t length, int64_t most)
{
    const bool cut = (size_t)length < text.size;
    if (length < 0 || length > most || length > width || (size_t)length > text.size || (cut && length < most - 3))
        abort();
    if (memcmp(row, text.bytes, (size_t)length) != 0 || !neap_text_is_utf8(row, (size_t)length))
        abort();
    for (int64_t i = length; i < width; i++)
        if (row[i])
            abort(); /* padding is 0 */
}

static void check(const neap_condition *c, const neap_string *texts, int64_t count, int64_t most)
{
    neap_tensor *text = neap_condition_get(c, NEAP_TEXT);
    const int32_t *length = neap_data(neap_condition_get(c, NEAP_LENGTHS));
    const int64_t width = neap_dim(text, 1);
    for (int64_t i = 0; i < count; i++)
        check_row(texts[i], (const char *)neap_data(text) + i * width, width, length[i], most);
}

/* The first byte is the limit; the texts follow, with the byte 1 between them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    neap_string texts[MOST_TEXTS] = {{"", 0}};
    int64_t count = 1, good = 0;
    const neap_scope scope = neap_scope_open();
    for (size_t i = 1, from = 1; i <= size; i++)
        if (i == size || (data[i] == 1 && count < MOST_TEXTS)) {
            texts[count - 1] = (neap_string){(const char *)data + from, i - from};
            count += i < size;
            from = i + 1;
        }
    for (int64_t i = 0; i < count; i++) {
        good += neap_string_check(texts[i]) == 0;
        neap_error_clear();
    }
    const neap_condition *c = neap_condition_texts("text", texts, count, size ? 1 + data[0] % 64 : 1);
    if (!c != neap_failed() || !c != (good < count))
        abort();
    if (c)
        check(c, texts, count, size ? 1 + data[0] % 64 : 1);
    neap_error_clear();
    neap_scope_close(scope);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

static size_t make_texts(int index, uint8_t *bytes)
{
    static const char *const seeds[] = {"\x20red heart\1blue star", "\x04" "caf\xc3\xa9s\1\xf0\x9f\x8c\x99 moon",
                                        "\xff\xe2\x82\xac\1"};
    if (index > 2)
        return 0;
    memcpy(bytes, seeds[index], strlen(seeds[index]));
    return strlen(seeds[index]);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_texts, 20000);
}

#endif
