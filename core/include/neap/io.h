/*
 * Files: safetensors checkpoints, pictures, NumPy arrays. Every file is written under a temporary name, flushed, and
 * renamed over the old one, so a reader sees the whole old file or the whole new one.
 *
 * For every `path` that is written to: symbolic links are followed and stay; the file that they lead to is replaced or
 * created. A replaced file keeps its mode, and its owner where the system permits; other hard links to it keep the old
 * content. A file that the user may not write is refused. Devices, pipes, and the descriptors behind /dev/stdout and
 * /proc/self/fd are written to directly: a pipe blocks until it has a reader, and after a failure the part already
 * written remains.
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
/* The same from memory (fuzzing, tests); the bytes are borrowed until close. `name` begins messages. */
neap_safetensors *neap_safetensors_parse(const char *name, const void *bytes, size_t size);

int neap_safetensors_count(const neap_safetensors *file);
const char *neap_safetensors_name(const neap_safetensors *file, int index);
int neap_safetensors_find(const neap_safetensors *file, const char *name); /* index, or -1 without a message */
neap_shape neap_safetensors_shape(const neap_safetensors *file, int index);
const char *neap_safetensors_dtype(const neap_safetensors *file, int index); /* "F32", "BF16", "I64", ... */
/* A new tensor: F32, F64, BF16, I32 and U8 as they are, F16 as f32, BOOL as u8, other whole numbers as i32; fails for the
 * first that i32 does not hold, and for other dtypes. */
neap_tensor *neap_safetensors_load(const neap_safetensors *file, int index);
/* The bytes of a tensor in the file, little-endian and row-major, borrowed until close. They may be misaligned in files of
 * other programs. NULL without a message for an index out of range. */
const void *neap_safetensors_bytes(const neap_safetensors *file, int index);
int neap_safetensors_pairs(const neap_safetensors *file, const neap_pair **pairs); /* metadata; number of pairs */
const char *neap_safetensors_value(const neap_safetensors *file, const char *key); /* NULL when absent, no message */

/* Tensors of any dtype of the core, contiguous or not; metadata "format" = "pt" is added unless given. */
typedef struct neap_named_tensor {
    const char *name;
    neap_tensor *tensor;
} neap_named_tensor;
/* The header is read back and compared before the new file replaces the old one; a difference is an error. */
int neap_safetensors_save(const char *path, const neap_named_tensor *tensors, int count, const neap_pair *metadata,
                          int pairs);
/* Makes the same checks without writing; returns the size of the file in bytes, or -1. */
int64_t neap_safetensors_size(const neap_named_tensor *tensors, int count, const neap_pair *metadata, int pairs);

/*
 * A safetensors file written piece by piece, for tensors larger than memory:
 *
 *     neap_pieces *file = neap_pieces_open(path, tensors, count, metadata, pairs);
 *     neap_pieces_add(file, rows);
 *     status = neap_pieces_close(file);
 *
 * The pieces are those of the first tensor in order, then those of the second, and so on. The element sizes of the
 * tensors must not ascend, so that all are aligned.
 */
typedef struct neap_named_shape {
    const char *name;
    neap_dtype dtype;
    neap_shape shape;
} neap_named_shape;
typedef struct neap_pieces neap_pieces;
/* NULL with a message. The old file stays until close. The names and the metadata must live until close. */
neap_pieces *neap_pieces_open(const char *path, const neap_named_shape *tensors, int count, const neap_pair *metadata,
                              int pairs);
/* Elements of any shape, of the dtype of the tensor. After a failure, add and close fail. */
int neap_pieces_add(neap_pieces *file, neap_tensor *piece);
/* Replaces the old file; fails and keeps it unless all tensors are complete. Frees `file` in any case. */
int neap_pieces_close(neap_pieces *file);
void neap_pieces_abandon(neap_pieces *file); /* keeps the old file; frees `file` */

/* Pictures: f32 [H, W, C], C = 1, 3 or 4, in [-1, 1] (clamped; a NaN is refused). Text pairs become tEXt chunks. */
int neap_png_save(const char *path, neap_tensor *picture, const neap_pair *text, int pairs);
/* The same file in memory, and the picture as 8-bit values, [H, W, C]. Free with neap_free; NULL with a message. */
unsigned char *neap_png_bytes(neap_tensor *picture, size_t *size);
unsigned char *neap_picture_bytes(neap_tensor *picture);
/* Fails unless the sides are 1 to 65536 pixels and the picture at most 2^28. `name` begins the message. */
int neap_picture_check_size(const char *name, int64_t width, int64_t height);

/*
 * Animated PNG, written frame by frame with one frame in memory, and shown in a loop. Readers of plain PNG show the
 * first frame. The header of the file holds the number of frames, so it must be known at the start.
 *
 *     neap_film *film = neap_film_open(path, 2, neap_dims(height, width, 3), NULL, 0);
 *     neap_film_add(film, first, 0.1);
 *     neap_film_add(film, second, 2);
 *     status = neap_film_close(film);
 */
typedef struct neap_film neap_film;
/* Fails unless the frames are [H, W, C], C = 1, 3 or 4, each of the size of a picture, with at most 2^28 pixels
 * together. */
int neap_film_check(const char *path, int64_t frames, neap_shape frame);
/* NULL with a message. The old file stays until close. `text` is borrowed for the call. */
neap_film *neap_film_open(const char *path, int64_t frames, neap_shape frame, const neap_pair *text, int pairs);
/* f32 of the frames' shape in [-1, 1], shown for 0.001 to 65.535 seconds. After a failure, add and close fail. */
int neap_film_add(neap_film *film, neap_tensor *frame, double seconds);
/* Replaces the old file; fails and keeps it if a frame is missing or failed. Frees the film in any case. */
int neap_film_close(neap_film *film);
void neap_film_abandon(neap_film *film); /* keeps the old file; frees the film */

/* Reads a PNG or JPEG picture, by its bytes, as f32 [H, W, C] in [-1, 1], C = 1 or 3, turned by its EXIF orientation.
 * Deeper colours are rounded to 8 bits, a PNG's gAMA is converted to sRGB, CMYK becomes RGB. With `alpha` NULL, a
 * transparent picture is composed over white; otherwise colours are unchanged and *alpha is f32 [H, W, 1], 0
 * transparent to 1 opaque, or NULL for a file without transparency. Both are in the innermost scope. */
neap_tensor *neap_picture_load(const char *path, neap_tensor **alpha);

/* A picture f32 [height, width, channels], contiguous, borrowed. */
typedef struct neap_raster {
    const float *pixels;
    int64_t height, width, channels;
} neap_raster;

/* A rectangle of a picture, in pixels; its edges need not lie between pixels. */
typedef struct neap_area {
    double top, left, height, width;
} neap_area;

/* Scales an area of a picture to `out`, [height, width, channels], with the Lanczos filter of three lobes (Duchon 1979,
 * Lanczos Filtering in One and Two Dimensions), separably. Where it scales down, the filter is stretched by the factor, so
 * that nothing aliases. Beyond the edges of the picture the weights are left out and the others normalised. The filter
 * overshoots beside sharp edges; values are clamped to [-1, 1]. Returns 0, or -1 with a message. Any thread may call it. */
int neap_raster_scale(const neap_raster *from, neap_area area, float *out, int64_t height, int64_t width);
/* The largest area in the middle of a picture that has the proportions of height and width. */
neap_area neap_raster_middle(const neap_raster *of, int64_t height, int64_t width);
/* The middle of a picture f32 [H, W, C] scaled to [height, width, C]. */
neap_tensor *neap_picture_fit(neap_tensor *picture, int64_t height, int64_t width);

/* NumPy's format. Writes f32, f64, i32 and u8 in version 1.0, little-endian, C order. Reads versions 1.0 to 3.0 in any byte
 * order and in Fortran order: f4, f8, i4 and u1 as they are, f2 as f32, b1 as u8, other whole numbers as i32; fails for the
 * first that i32 does not hold, and for other dtypes. */
int neap_npy_save(const char *path, neap_tensor *x);
neap_tensor *neap_npy_load(const char *path);

/*
 * Paths and other texts are bytes; strings in JSON are UTF-8. Text that is not UTF-8 is written to JSON as the object
 * {"bytes": "636166e9"}, each byte as two hexadecimal digits.
 */
/* Strict UTF-8: no overlong forms, surrogates or code points past U+10FFFF. */
bool neap_text_is_utf8(const char *bytes, size_t length);
/* The number of bytes before the first that is not UTF-8; `length` if all are. */
size_t neap_text_valid(const char *bytes, size_t length);
/* The number of bytes, at most `most`, that are kept of UTF-8 which is cut at the boundary of a character. */
size_t neap_text_cut(const char *bytes, size_t length, size_t most);
/* Two lower-case digits for each byte; free with neap_free. NULL without memory. */
char *neap_hex(const void *bytes, size_t size);
/* The bytes, and a NUL that *size does not count; free with neap_free. NULL with a message for other text. */
char *neap_unhex(const char *digits, size_t *size);

/* Checks before the work that a file can be written at path; fails with the message that writing would give. Leaves no
 * file behind. Only checks the permission of devices and pipes. */
int neap_file_check(const char *path);
/* The absolute name of the file that writing to path creates or replaces, equal for all paths that lead to it; free
 * with neap_free. NULL with a message if no file can be written. */
char *neap_file_place(const char *path);
/* Whether path is a device, a pipe or an open descriptor such as /dev/stdout, which is written to and not replaced. */
bool neap_file_is_direct(const char *path);
/* Writes a whole small file atomically. */
int neap_file_save(const char *path, const void *bytes, size_t size);
/* The same in parts, for files larger than memory. `next` returns 1 with one part, borrowed until the next call, 0 at
 * the end, or -1 with a message, which keeps the old file. */
int neap_file_save_parts(const char *path, int (*next)(void *user, const void **bytes, size_t *size), void *user);
/* Reads a whole file of at most `limit` bytes; a NUL follows the *size bytes. Free with neap_free. */
void *neap_file_load(const char *path, size_t limit, size_t *size);
/* Makes a folder and its parents, unless they exist. For a dangling link, makes the folder that it names. */
int neap_folder_make(const char *path);
/* Removes temporary files of killed processes from a folder, and none of a running process: those of another machine on
 * a network file system stay for a day. Returns how many; 0 for a folder that cannot be read. */
int neap_folder_clean(const char *path);

/*
 * For callers of Jansson in the same process: from the first neap_json_begin on, Jansson allocates through
 * neap/memory.h. Its parser silently drops characters if its buffer cannot grow, so refused allocations are recorded:
 * call neap_json_begin before Jansson, and discard its result if neap_json_refused returns true.
 */
void neap_json_begin(void);
bool neap_json_refused(void); /* on this thread, since the last neap_json_begin; the message is pending */

typedef enum neap_file_format { NEAP_FILE_SAFETENSORS, NEAP_FILE_PICTURE, NEAP_FILE_NPY, NEAP_FILE_IDX } neap_file_format;

/* For readers: if the first bytes of a file (512 are enough) are text or another known format than the expected one,
 * fails with a message that names the format and what to do: "x.safetensors: expected a safetensors file, got a Git LFS
 * pointer; it is not the file itself: run 'git lfs pull'". Returns 0 for unknown bytes. */
int neap_refuse_foreign(const char *name, neap_file_format expected, const void *bytes, size_t size);

#endif
