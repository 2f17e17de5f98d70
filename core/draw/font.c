/* The glyphs of printable ASCII, in order; font.h describes the format. */
#include "draw/font.h"

const neap_glyph neap_font[NEAP_FONT_LAST - NEAP_FONT_FIRST + 1] = {
    {3, ""},                                                     /* blank */
    {0, "0q0i 0e0f"},                                            /* ! */
    {3, "0q0m 3q3m"},                                            /* " */
    {8, "1e3q 5e7q 0i8i 0m8m"},                                  /* # */
    {8, "8n7o5p3p1o0n0m1l7j8i8h7g5f3f1g0h 4d4r"},                /* $ */
    {8, "1n0o0p1q2q3p3o2n1n 6e5f5g6h7h8g8f7e6e 0e8q"},           /* % */
    {9, "9e3n3p4q5q6p6o5n1j0i0g1f2e4e6f8h9j"},                   /* & */
    {0, "0q0m"},                                                 /* ' */
    {3, "3r1o0l0h1e3b"},                                         /* ( */
    {3, "0r2o3l3h2e0b"},                                         /* ) */
    {6, "3p3j 0o6k 0k6o"},                                       /* * */
    {8, "4f4n 0j8j"},                                            /* + */
    {1, "1f1e0c"},                                               /* , */
    {6, "0j6j"},                                                 /* - */
    {0, "0e0f"},                                                 /* . */
    {6, "0c6r"},                                                 /* / */
    {7, "3e4e6f7i7m6p4q3q1p0m0i1f3e"},                           /* 0 */
    {7, "1n4q4e"},                                               /* 1 */
    {7, "0n0o1p2q5q6p7o7m6k0e7e"},                               /* 2 */
    {7, "0o1p2q5q6p7o7m6l5k3k 5k6j7i7g6f5e2e1f0g"},              /* 3 */
    {7, "5e5q0i7i"},                                             /* 4 */
    {7, "6q1q0k2l4l6k7i7h6f4e2e1f0g"},                           /* 5 */
    {7, "6p5q3q1p0m0h1f3e4e6f7h7i6k4l3l1k0i"},                   /* 6 */
    {7, "0q7q3e"},                                               /* 7 */
    {7, "3k1l0n0o1p3q4q6p7o7n6l4k3k1j0h0g1f3e4e6f7g7h6j4k"},     /* 8 */
    {7, "1f2e4e6f7i7n6p4q3q1p0n0m1k3j4j6k7m"},                   /* 9 */
    {0, "0e0f 0l0m"},                                            /* : */
    {1, "1l1m 1f1e0c"},                                          /* ; */
    {7, "7n0j7f"},                                               /* < */
    {8, "0l8l 0h8h"},                                            /* = */
    {7, "0n7j0f"},                                               /* > */
    {6, "0n0o1p2q4q5p6o6m5l3j3i 3e3f"},                          /* ? */
    {9, "6l5m4m3l3i4h5h6i6m 6i7h8h9j9m8o6q3q1o0m0i1g3e7e"},      /* @ */
    {8, "0e4q8e 1h7h"},                                          /* A */
    {7, "0k4k6j7i7g6f4e0e0q4q6p7o7m6l4k"},                       /* B */
    {8, "8n7p5q3q1p0m0i1f3e5e7f8h"},                             /* C */
    {8, "0e0q4q6p8m8i6f4e0e"},                                   /* D */
    {6, "6q0q0e6e 0k5k"},                                        /* E */
    {6, "6q0q0e 0k5k"},                                          /* F */
    {8, "8n7p5q3q1p0m0i1f3e5e7f8h8j5j"},                         /* G */
    {8, "0e0q 8e8q 0k8k"},                                       /* H */
    {0, "0e0q"},                                                 /* I */
    {5, "5q5h4f3e2e1f0h"},                                       /* J */
    {7, "0e0q 7q0j 3m7e"},                                       /* K */
    {6, "0q0e6e"},                                               /* L */
    {8, "0e0q4i8q8e"},                                           /* M */
    {8, "0e0q8e8q"},                                             /* N */
    {9, "4e5e7f9i9m7p5q4q2p0m0i2f4e"},                           /* O */
    {7, "0e0q4q6p7o7m6k4j0j"},                                   /* P */
    {9, "4e5e7f9i9m7p5q4q2p0m0i2f4e 6h9d"},                      /* Q */
    {7, "0e0q4q6p7o7m6k4j0j 4j7e"},                              /* R */
    {7, "7o6p4q3q1p0o0m1l6j7i7g6f4e3e1f0g"},                     /* S */
    {8, "0q8q 4q4e"},                                            /* T */
    {8, "0q0i1f3e5e7f8i8q"},                                     /* U */
    {8, "0q4e8q"},                                               /* V */
    {8, "0q2e4m6e8q"},                                           /* W */
    {7, "0q7e 7q0e"},                                            /* X */
    {8, "0q4k8q 4k4e"},                                          /* Y */
    {7, "0q7q0e7e"},                                             /* Z */
    {3, "3r0r0b3b"},                                             /* [ */
    {6, "0r6c"},                                                 /* \ */
    {3, "0r3r3b0b"},                                             /* ] */
    {6, "0m3q6m"},                                               /* ^ */
    {7, "0c7c"},                                                 /* _ */
    {2, "0q2n"},                                                 /* ` */
    {6, "6m6e 6j5l4m2m1l0j0h1f2e4e5f6h"},                        /* a */
    {6, "0q0e 0j1l2m4m5l6j6h5f4e2e1f0h"},                        /* b */
    {6, "6k5l4m2m1l0j0h1f2e4e5f6g"},                             /* c */
    {6, "6q6e 6j5l4m2m1l0j0h1f2e4e5f6h"},                        /* d */
    {6, "0i6i6j5l4m2m1l0j0h1f2e4e5f6g"},                         /* e */
    {4, "4q3q2o2e 0m4m"},                                        /* f */
    {6, "6m6d5b4a2a1b 6j5l4m2m1l0j0h1f2e4e5f6h"},                /* g */
    {6, "0q0e 0j2l3m4m5l6j6e"},                                  /* h */
    {0, "0m0e 0p0q"},                                            /* i */
    {2, "2m2c1a0a 2p2q"},                                        /* j */
    {5, "0q0e 5m0h 2j5e"},                                       /* k */
    {0, "0q0e"},                                                 /* l */
    {8, "0m0e 0k1l2m3m4k4e 4k5l6m7m8k8e"},                       /* m */
    {6, "0m0e 0j2l3m4m5l6j6e"},                                  /* n */
    {6, "2e4e5f6h6j5l4m2m1l0j0h1f2e"},                           /* o */
    {6, "0m0a 0j1l2m4m5l6j6h5f4e2e1f0h"},                        /* p */
    {6, "6m6a 6j5l4m2m1l0j0h1f2e4e5f6h"},                        /* q */
    {4, "0m0e 0j1l2m4m"},                                        /* r */
    {5, "5l4m1m0l0k1j4h5g5f4e1e0f"},                             /* s */
    {4, "2q2g3e4e 0m4m"},                                        /* t */
    {6, "0m0h1f2e3e4f6h 6m6e"},                                  /* u */
    {6, "0m3e6m"},                                               /* v */
    {8, "0m2e4l6e8m"},                                           /* w */
    {6, "0m6e 6m0e"},                                            /* x */
    {6, "0m3e 6m3e2b1a0a"},                                      /* y */
    {6, "0m6m0e6e"},                                             /* z */
    {3, "3r2r1q1l0j1h1c2b3b"},                                   /* { */
    {0, "0r0b"},                                                 /* | */
    {3, "0r1r2q2l3j2h2c1b0b"},                                   /* } */
    {7, "0i1k2k5i6i7k"},                                         /* ~ */
};
