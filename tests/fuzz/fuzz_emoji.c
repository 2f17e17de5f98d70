/* Fuzz target: any bytes as Unicode's list of emoji. */
#include <neap/error.h>
#include <neap/memory.h>

#include "plugins/dataset/emoji.h"
#include "replay.h"

/* Every entry has a group, a name and code points. */
static void check_list(const emoji_list *list)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < list->count; i++) {
        const emoji_entry *e = &list->entries[i];
        hash += emoji_hash(e) + emoji_has_tone(e) + strlen(e->name);
        if (e->points < 1 || e->points > EMOJI_MOST_POINTS || e->group < 0 || e->group >= list->group_count || !*e->name)
            abort();
    }
    for (int i = 0; i < list->group_count; i++)
        hash += strlen(list->groups[i]);
    if (hash == 1)
        puts("unlikely");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    emoji_list list;
    char *text = neap_calloc(size + 1, 1);
    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    const int status = emoji_list_parse(&list, "list", text, size);
    if ((status < 0) != neap_failed() || (status == 0 && list.count < 1))
        abort();
    neap_error_clear();
    if (status == 0)
        check_list(&list);
    emoji_list_free(&list);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

static size_t make_list(int index, uint8_t *bytes)
{
    static const char text[] = "# emoji-test.txt\n\n# group: Smileys & Emotion\n\n# subgroup: face-smiling\n"
                               "1F600                      ; fully-qualified     # \xf0\x9f\x98\x80 E1.0 grinning face\n"
                               "263A                       ; unqualified         # \xe2\x98\xba E0.6 smiling face\n"
                               "# group: People & Body\r\n"
                               "1F469 1F3FB 200D 1F9B0 ; fully-qualified # x E11.0 woman: light skin tone, red hair\r\n"
                               "# group: Smileys & Emotion\n1F603 ; fully-qualified # x E0.6 big eyes";
    if (index > 0)
        return 0;
    memcpy(bytes, text, sizeof text - 1);
    return sizeof text - 1;
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_list, 100000);
}

#endif
