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
neap_tensor *neap_safetensors_load(const neap_safetensors *file, int index); /* a new tensor; F16 comes as f32 */
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
/* The same for f32 [F, H, W, C], F frames shown in a loop, each for so many seconds, 0.001 to 65.535 (animated PNG). What
 * reads plain PNG shows the first frame. */
int neap_apng_save(const char *path, neap_tensor *frames, double seconds_per_frame, const neap_pair *text, int pairs);
neap_tensor *neap_png_load(const char *path);  /* f32 [H, W, C], C = 1 or 3, alpha dropped */
neap_tensor *neap_jpeg_load(const char *path); /* f32 [H, W, C] */

/* NumPy's format, version 1.0, little-endian, C order. */
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

/* Writes a whole small file atomically. */
int neap_file_save(const char *path, const void *bytes, size_t size);
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

#endif
