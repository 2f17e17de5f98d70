/* Recognises well-known formats by their first bytes, for the messages of readers of other formats. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <neap/error.h>
#include <neap/io.h>

/* Every row is decided within so many bytes. */
#define HEAD 512
#define SHOWN 40 /* characters of a text in a message */

#define SAFETENSORS (1u << NEAP_FILE_SAFETENSORS)
#define PICTURE (1u << NEAP_FILE_PICTURE)
#define NPY (1u << NEAP_FILE_NPY)
#define IDX (1u << NEAP_FILE_IDX)
#define ANY (SAFETENSORS | PICTURE | NPY | IDX)

typedef struct row {
    const char *magic;
    size_t length;
    size_t at;
    const char *within; /* text that the head must contain as well, case ignored; or NULL */
    const char *kind;
    const char *advice;
    unsigned own, advised; /* readers of this format; readers that give the advice */
} row;

#define MAGIC(text) text, sizeof(text) - 1
#define TO_PNG "convert it to PNG, for example with ImageMagick: convert FILE picture.png"
#define FROM_TORCH "load it in Python and write its tensors with safetensors.torch.save_file"
#define FETCH "it is not the file itself: download that again"

/* The first matching row counts, so special cases come first. */
static const row rows[] = {
    {MAGIC("version https"), 0, NULL, "a Git LFS pointer", "it is not the file itself: run 'git lfs pull'", 0, ANY},
    {MAGIC("<"), 0, "<!doctype html", "a web page (HTML)", FETCH, 0, ANY},
    {MAGIC("<"), 0, "<html", "a web page (HTML)", FETCH, 0, ANY},
    {MAGIC("<"), 0, "<svg", "an SVG drawing", TO_PNG, 0, PICTURE},
    {MAGIC("\x89PNG\r\n\x1a\n"), 0, NULL, "a PNG picture", NULL, PICTURE, 0},
    {MAGIC("\xff\xd8\xff"), 0, NULL, "a JPEG picture", NULL, PICTURE, 0},
    {MAGIC("GIF8"), 0, NULL, "a GIF picture", TO_PNG, 0, PICTURE},
    {MAGIC("WEBP"), 8, NULL, "a WebP picture", TO_PNG, 0, PICTURE},
    {MAGIC("II*\0"), 0, NULL, "a TIFF picture", TO_PNG, 0, PICTURE},
    {MAGIC("MM\0*"), 0, NULL, "a TIFF picture", TO_PNG, 0, PICTURE},
    {MAGIC("ftypavi"), 4, NULL, "an AVIF picture", TO_PNG, 0, PICTURE},
    {MAGIC("ftyphe"), 4, NULL, "a HEIC picture", TO_PNG, 0, PICTURE},
    {MAGIC("ftypm"), 4, "avif", "an AVIF picture", TO_PNG, 0, PICTURE},
    {MAGIC("ftypm"), 4, "heic", "a HEIC picture", TO_PNG, 0, PICTURE},
    {MAGIC("\0\0\0\x0cJXL "), 0, NULL, "a JPEG XL picture", TO_PNG, 0, PICTURE},
    {MAGIC("\xff\x0a"), 0, NULL, "a JPEG XL picture", TO_PNG, 0, PICTURE},
    {MAGIC("\0\0\0\x0cjP  "), 0, NULL, "a JPEG 2000 picture", TO_PNG, 0, PICTURE},
    {MAGIC("8BPS"), 0, NULL, "a Photoshop document", TO_PNG, 0, PICTURE},
    {MAGIC("%PDF-"), 0, NULL, "a PDF document", TO_PNG, 0, PICTURE},
    {MAGIC("\0\0\0\0"), 6, "BM", "a BMP picture", TO_PNG, 0, PICTURE},
    {MAGIC("\x93NUMPY"), 0, NULL, "a NumPy array (.npy)", NULL, NPY, 0},
    {MAGIC("PK\3\4"), 0, "data.pkl", "a PyTorch file (zip archive)", FROM_TORCH, 0, SAFETENSORS},
    {MAGIC("PK\3\4"), 0, ".npy", "a NumPy archive (.npz)", "write one array of it with numpy.save", 0, NPY},
    {MAGIC("PK\3\4"), 0, NULL, "a zip archive", "unpack it", 0, ANY},
    {MAGIC("\x1f\x8b"), 0, NULL, "a gzip file", "unpack it with gunzip", 0, ANY},
    {MAGIC("\xfd" "7zXZ"), 0, NULL, "an xz file", "unpack it with unxz", 0, ANY},
    {MAGIC("\x28\xb5\x2f\xfd"), 0, NULL, "a Zstandard file", "unpack it with unzstd", 0, ANY},
    {MAGIC("BZh"), 0, NULL, "a bzip2 file", "unpack it with bunzip2", 0, ANY},
    {MAGIC("ustar"), 257, NULL, "a tar archive", "unpack it with tar -x", 0, ANY},
    {MAGIC("\x89HDF\r\n\x1a\n"), 0, NULL, "an HDF5 file", "write its arrays with safetensors or numpy.save in Python",
     0, ANY},
    {MAGIC("GGUF"), 0, NULL, "a GGUF file", NULL, 0, 0},
    {MAGIC("\x80\2"), 0, NULL, "a Python pickle, perhaps of PyTorch", FROM_TORCH, 0, SAFETENSORS},
    {MAGIC("\x80\3"), 0, NULL, "a Python pickle, perhaps of PyTorch", FROM_TORCH, 0, SAFETENSORS},
    {MAGIC("\x80\4"), 0, NULL, "a Python pickle, perhaps of PyTorch", FROM_TORCH, 0, SAFETENSORS},
    {MAGIC("\x80\5"), 0, NULL, "a Python pickle, perhaps of PyTorch", FROM_TORCH, 0, SAFETENSORS},
    {MAGIC("\0\0{\""), 6, NULL, "a safetensors file", NULL, SAFETENSORS, 0},
    {MAGIC("\0\0\x08\1"), 0, NULL, "an IDX file", NULL, IDX, 0},
    {MAGIC("\0\0\x08\3"), 0, NULL, "an IDX file", NULL, IDX, 0},
    {MAGIC("\x7f" "ELF"), 0, NULL, "a program or library (ELF)", NULL, 0, 0},
};

static const char *const expectations[] = {
    [NEAP_FILE_SAFETENSORS] = "a safetensors file",
    [NEAP_FILE_PICTURE] = "a PNG or JPEG picture",
    [NEAP_FILE_NPY] = "a NumPy array (.npy)",
    [NEAP_FILE_IDX] = "an IDX file",
};

static bool holds(const char *bytes, size_t size, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp(bytes + i, text, length) == 0)
            return true;
    return false;
}

static bool fits(const row *r, const char *bytes, size_t size)
{
    return size >= r->at + r->length && memcmp(bytes + r->at, r->magic, r->length) == 0 &&
           (!r->within || holds(bytes, size, r->within));
}

/* Web pages and other texts may begin with a byte order mark and blanks. */
static size_t skip_blanks(const char *bytes, size_t size)
{
    size_t at = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < size && isspace((unsigned char)bytes[at]))
        at++;
    return at;
}

/* The length of the first line, SHOWN at most, where all of the head is printable; else 0. */
static int text_length(const char *bytes, size_t size)
{
    size_t line = 0;
    for (size_t i = 0; i < size; i++)
        if (!isspace((unsigned char)bytes[i]) && (bytes[i] < ' ' || bytes[i] > '~'))
            return 0;
    while (line < size && line < SHOWN && bytes[line] >= ' ')
        line++;
    return (int)line;
}

int neap_refuse_foreign(const char *name, neap_file_format expected, const void *bytes, size_t size)
{
    const char *head = bytes;
    size = size < HEAD ? size : HEAD;
    size_t blanks = skip_blanks(head, size);
    head += blanks;
    size -= blanks;
    for (const row *r = rows; r < rows + sizeof rows / sizeof *rows; r++) {
        bool advised = r->advised >> expected & 1;
        if (!(r->own >> expected & 1) && fits(r, head, size))
            return neap_fail("%s: expected %s, got %s%s%s", name, expectations[expected], r->kind, advised ? "; " : "",
                             advised ? r->advice : "");
    }
    int length = text_length(head, size);
    return length ? neap_fail("%s: expected %s, got text that begins with '%.*s'", name, expectations[expected], length,
                              head)
                  : 0;
}
