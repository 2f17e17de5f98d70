/* The name nearest to a mistyped word: edit distance with transpositions, case ignored. */
#include <neap/error.h>

#include <ctype.h>
#include <string.h>

#define WORD_MAX 63 /* longer names are not worth a suggestion */

static int lower(char c)
{
    return tolower((unsigned char)c);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Damerau and Levenshtein's distance in its restricted form (no letter is edited twice); lengths up to WORD_MAX. */
static int distance(const char *a, int a_length, const char *b, int b_length)
{
    int rows[3][WORD_MAX + 1];
    for (int j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (int i = 1; i <= a_length; i++) {
        const int *above2 = rows[(i + 1) % 3], *above = rows[(i + 2) % 3];
        int *row = rows[i % 3];
        row[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int change = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = least(above[j - 1] + change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = least(row[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

const char *neap_nearest(const char *word, const char *const *names, int count)
{
    size_t length = word ? strlen(word) : 0;
    if (length == 0 || length > WORD_MAX) {
        return NULL;
    }
    const char *best = NULL;
    int limit = length > 5 ? (int)(length / 3) : 1;
    for (int i = 0; i < count; i++) {
        size_t name_length = names[i] ? strlen(names[i]) : 0;
        if (name_length == 0 || name_length > WORD_MAX) {
            continue;
        }
        int d = distance(word, (int)length, names[i], (int)name_length);
        if (d <= limit) {
            best = names[i];
            limit = d - 1; /* the first of equally near names */
        }
    }
    return best;
}
