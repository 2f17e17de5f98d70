/*
 * Files: safetensors checkpoints, pictures, NumPy arrays. Every file is written beside the old one, flushed, and then
 * renamed over it, so a reader sees the old file or the new one and never half of either.
 *
 * Every `path` that is written to: symbolic links are followed, the file at their end is replaced or created, and the links
 * stay. The mode of a replaced file stays, and its owner where the system permits; other hard links to it keep the old
 * content. A file that the user may not write is refused. A device, a pipe, and the descriptors behind /dev/stdout and
 * /proc/self/fd are written into as they are: a pipe blocks until there is a reader, and a failure leaves what was written.
 */
#ifndef NEAP_IO_H
#define NEAP_IO_H

#include <neap/tensor.h>

/* A map from strings to strings, in the order of insertion. */
typedef struct neap_pair {
    const char *key, *value;
} neap_pair;

/* An open safetensors file, mapped read-only and validated whole when opened. */
typedef struct neap_safetensors neap_safetensors;

neap_safetensors *neap_safetensors_open(const char *path);
void neap_safetensors_close(neap_safetensors *file);
/* The same from memory (fuzzing, tests); the bytes are borrowed until close. `name` stands in messages. */
neap_safetensors *neap_safetensors_parse(const char *name, const void *bytes, size_t size);

int neap_safetensors_count(const neap_safetensors *file);
const char *neap_safetensors_name(const neap_safetensors *file, int index);
int neap_safetensors_find(const neap_safetensors *file, const char *name); /* index, or -1 without a message */
neap_shape neap_safetensors_shape(const neap_safetensors *file, int index);
const char *neap_safetensors_dtype(const neap_safetensors *file, int index); /* "F32", "BF16", "I64", ... */
/* A new tensor: F32, F64, BF16, I32 and U8 as they are, F16 as f32, BOOL as u8, other whole numbers as i32; fails for the
 * first that i32 does not hold, and for other dtypes. */
neap_tensor *neap_safetensors_load(const neap_safetensors *file, int index);
int neap_safetensors_pairs(const neap_safetensors *file, const neap_pair **pairs); /* metadata; number of pairs */
const char *neap_safetensors_value(const neap_safetensors *file, const char *key); /* NULL when absent, no message */

/* Tensors of any dtype of the core, contiguous or not; metadata "format" = "pt" is added where it is not given. */
typedef struct neap_named_tensor {
    const char *name;
    neap_tensor *tensor;
} neap_named_tensor;
/* The file is read back, header and all, before it replaces another; one that does not hold what was to be written is an
 * error. */
int neap_safetensors_save(const char *path, const neap_named_tensor *tensors, int count, const neap_pair *metadata,
                          int pairs);
/* Checks the same and writes nothing: the bytes that the file would have, or -1. */
int64_t neap_safetensors_size(const neap_named_tensor *tensors, int count, const neap_pair *metadata, int pairs);

/* Pictures: f32 [H, W, C], C = 1, 3 or 4, in [-1, 1] (clamped; a NaN is refused). Text pairs become tEXt chunks. */
int neap_png_save(const char *path, neap_tensor *picture, const neap_pair *text, int pairs);
/* Fails for a size that no picture is written in: 1 to 65536 pixels a side, 2^28 in all. `name` stands in the message. */
int neap_picture_check_size(const char *name, int64_t width, int64_t height);

/*
 * Animated PNG, frame by frame, so that no more than one is held as it is written; shown in a loop. What reads plain PNG
 * shows the first frame. The number of frames stands in the head of the file and is therefore said first.
 *
 *     neap_film *film = neap_film_open(path, 2, neap_dims(height, width, 3), NULL, 0);
 *     neap_film_add(film, first, 0.1);
 *     neap_film_add(film, second, 2);
 *     status = neap_film_close(film);
 */
typedef struct neap_film neap_film;
/* Is there room for so many frames [H, W, C], C = 1, 3 or 4, of a picture's size, and of 2^28 pixels all together? */
int neap_film_check(const char *path, int64_t frames, neap_shape frame);
/* NULL with a message; the old file stays until close. `text` is borrowed for the call. */
neap_film *neap_film_open(const char *path, int64_t frames, neap_shape frame, const neap_pair *text, int pairs);
/* f32 of the frames' shape in [-1, 1], shown for 0.001 to 65.535 seconds. After a failure, add and close fail. */
int neap_film_add(neap_film *film, neap_tensor *frame, double seconds);
/* Replaces the old file, or leaves it there and fails where a frame is missing or has failed; frees the film. */
int neap_film_close(neap_film *film);
void neap_film_abandon(neap_film *film); /* leaves the old file there; frees the film */

/* Reads a PNG or JPEG picture, whichever the bytes are, upright as its EXIF orientation says, as f32 [H, W, C] in [-1, 1],
 * C = 1 or 3. Deeper colours are rounded to 8 bits, a PNG's gAMA is followed to sRGB, CMYK becomes RGB. Transparency:
 * with `alpha` NULL the picture is laid over white; else colours stay as they are and *alpha is f32 [H, W, 1] from 0,
 * transparent, to 1, opaque, or NULL where the file says nothing of it. Both are in the innermost scope. */
neap_tensor *neap_picture_load(const char *path, neap_tensor **alpha);

/* NumPy's format. Writes f32, f64, i32 and u8 in version 1.0, little-endian, C order. Reads versions 1.0 to 3.0 in any byte
 * order and in Fortran order: f4, f8, i4 and u1 as they are, f2 as f32, b1 as u8, other whole numbers as i32; fails for the
 * first that i32 does not hold, and for other dtypes. */
int neap_npy_save(const char *path, neap_tensor *x);
neap_tensor *neap_npy_load(const char *path);

/*
 * Paths and other texts are bytes, and strings of JSON are UTF-8. Text that is not UTF-8 stands in JSON as the object
 * {"bytes": "636166e9"}, each byte as two hexadecimal digits.
 */
/* Strict UTF-8: no overlong forms, surrogates or code points past U+10FFFF. */
bool neap_text_is_utf8(const char *bytes, size_t length);
/* Two lower-case digits for each byte; free with neap_free. NULL without memory. */
char *neap_hex(const void *bytes, size_t size);
/* The bytes, with a NUL behind them that *size does not count; free with neap_free. NULL for anything but such digits. */
char *neap_unhex(const char *digits, size_t *size);

/* Can a file be written at path? Fails with the message that writing would fail with, so that this is known before the
 * work. Leaves nothing behind. Of a device or a pipe only the permission is looked at. */
int neap_file_check(const char *path);
/* The absolute name of the file that writing to path creates or replaces, the same for all paths that lead to it; free with
 * neap_free. NULL with a message where none can be written. */
char *neap_file_place(const char *path);
/* Is a device, a pipe or an open descriptor there, such as /dev/stdout, which is written into and not replaced? */
bool neap_file_is_direct(const char *path);
/* Writes a whole small file atomically. */
int neap_file_save(const char *path, const void *bytes, size_t size);
/* The same in parts, for files that need not fit into memory. `next` gives one part a call, borrowed until the next call: 1,
 * or 0 at the end, or -1 with a message; the old file then stays. */
int neap_file_save_parts(const char *path, int (*next)(void *user, const void **bytes, size_t *size), void *user);
/* Reads a whole file; NUL-terminated beyond *size; free with neap_free. At most `limit` bytes. */
void *neap_file_load(const char *path, size_t limit, size_t *size);
/* With its parents; fine when it stands already. Where a link leads to nothing, the folder is made that it names. */
int neap_folder_make(const char *path);
/* Removes temporary files that killed processes left in a folder, and none of a living process: what another machine left
 * on a network file system stays for a day. Returns how many; a folder that cannot be read has none. */
int neap_folder_clean(const char *path);

/*
 * For those who use Jansson in a process of neap: from the first neap_json_begin on it allocates through neap/memory.h.
 * Its parser drops characters without an error when its buffer cannot grow, so refused allocations are noted: call
 * neap_json_begin before Jansson, and discard its result where neap_json_refused is true.
 */
void neap_json_begin(void);
bool neap_json_refused(void); /* on this thread, since the last neap_json_begin; the message is pending */

typedef enum neap_file_format { NEAP_FILE_SAFETENSORS, NEAP_FILE_PICTURE, NEAP_FILE_NPY, NEAP_FILE_IDX } neap_file_format;

/* For readers: fails with one line that names what a file is, and what to do, where its first bytes (512 are enough) are
 * those of another known format than the expected one, or text: "x.safetensors: expected a safetensors file, got a Git
 * LFS pointer; it is not the file itself: run 'git lfs pull'". Returns 0 where they tell nothing. */
int neap_refuse_foreign(const char *name, neap_file_format expected, const void *bytes, size_t size);

#endif
