/* Files of pictures, decoded to one size, and the cache that keeps them. Part of the plugin folder. Functions that return int
 * return 0, or -1 with a message, unless they say otherwise. */
#ifndef NEAP_DATASET_FOLDER_H
#define NEAP_DATASET_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Files ------------------------------------------------------------------------------------------------------------ */

typedef struct folder_file {
    char *path;     /* owned */
    int32_t label;  /* the index of its class, or -1 */
    uint64_t stamp; /* a hash of sizes and times of the picture and its caption */
} folder_file;

typedef struct folder_files {
    folder_file *file;
    int64_t count, room;
    char **class_name; /* owned */
    int32_t classes, class_room;
    int64_t lone_texts; /* texts beside no picture */
    char *lone_text;    /* the path of the first of them; owned, or NULL */
} folder_files;

/* Lists the pictures in a folder and the folders below it, by the ends of their names, in the bytewise order of names. The
 * class of a picture is the folder directly below `path` in which it lies, at any depth. Symbolic links are followed, and each
 * folder is entered once. Hidden files and folders are left out. After a failure, too, folder_files_free frees. */
int folder_files_list(folder_files *files, const char *path);
void folder_files_free(folder_files *files);

/* The caption of a picture is a text beside it: NAME.txt of NAME.png. */
#define FOLDER_LONGEST_CAPTION 1024

/* The path of the caption, whether or not there is one; owned by the caller, or NULL with a message. */
char *folder_caption_path(const char *picture);
/* Reads a caption, on one line, of at most FOLDER_LONGEST_CAPTION bytes. *length is 0 without one. */
int folder_caption_read(const char *picture, char *text, int32_t *length);

/* --- Pictures ---------------------------------------------------------------------------------------------------------- */

enum { FOLDER_CROP, FOLDER_PAD, FOLDER_STRETCH };

/* The form that pictures are decoded to: u8 [rows, columns, channels]. */
typedef struct folder_form {
    int64_t rows, columns, channels; /* channels: 1 or 3 */
    int fit;
    uint8_t background[3];
} folder_form;

/* Pixels are followed by zeros up to a multiple of 64 bytes, so that the records are aligned. */
static inline size_t folder_padded(size_t pixels)
{
    return (pixels + 63) / 64 * 64;
}

static inline size_t folder_picture_bytes(const folder_form *form)
{
    return (size_t)(form->rows * form->columns * form->channels);
}

/* Decodes a file; *content becomes a hash of its bytes. Any thread may call it. */
int folder_decode(const char *path, const folder_form *form, uint8_t *out, uint64_t *content);

/* --- The cache: pixels, records, texts and a footer, in one block ---------------------------------------------------- */

typedef struct folder_record {
    uint64_t content, check; /* hashes of the file and of the pixels */
    int64_t file;            /* the index of the picture among the files */
    int64_t caption;         /* the position in the texts */
    int64_t length;          /* of the caption in bytes; 0: none */
} folder_record;

/* Written by a machine with another byte order, it is another number, and the cache is not valid. */
#define FOLDER_MAGIC UINT64_C(0x6e656170666c6431)

typedef struct folder_footer {
    uint64_t magic, key;
    int64_t picture_bytes, count; /* of one picture; of pictures */
    int64_t texts, warning;       /* bytes of the texts; of the warning that they begin with */
    uint64_t check;               /* a hash of records, texts and the footer up to here */
} folder_footer;

typedef struct folder_cache {
    const uint8_t *bytes; /* the block */
    size_t size;
    bool mapped;
    const uint8_t *pixels;
    const folder_record *records;
    const char *texts;
    folder_footer footer;
} folder_cache;

/* The hash of words with which pixels and the end of the block are checked; size in bytes. A change of one byte changes it. */
uint64_t folder_check(uint64_t hash, const void *bytes, size_t size);

/* Finds the parts of a block, which must have this key, pictures of this size, and records of `files` files. False, without a
 * message, when anything does not fit. The block is borrowed; nothing in it is trusted. */
bool folder_cache_parse(folder_cache *cache, const void *bytes, size_t size, uint64_t key, size_t picture_bytes,
                        int64_t files);

/* Opens the cache for these files in this form: the file in `place`, written anew unless it is there and valid; or a block in
 * memory where `place` is NULL, or cannot be written, which a warning says. Names broken pictures in a warning. */
int folder_cache_open(folder_cache *cache, const char *place, const char *path, const folder_files *files,
                      const folder_form *form);
void folder_cache_close(folder_cache *cache);

/* Makes the block in parts, for neap_file_save_parts. `path` names the folder in messages. */
typedef struct folder_build folder_build;
folder_build *folder_build_new(const char *path, const folder_files *files, const folder_form *form, uint64_t key);
int folder_build_next(void *build, const void **bytes, size_t *size);
bool folder_build_failed(const folder_build *build); /* did making a part fail, rather than writing one? */
void folder_build_free(folder_build *build);

#endif
