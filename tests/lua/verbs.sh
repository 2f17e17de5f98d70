#!/bin/sh
# The verbs of the command line: what each prints, and what a mistyped word is answered with.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# --- The first word ---------------------------------------------------------------------------------------------------

expect_like 2 'neap trains generative image models and samples from them.*neap run RECIPE*' neap
same_text "nothing but the usage without a verb" "" "$(cat stdout)"
for word in --help -h help; do
    expect 0 "" neap $word
    holds "$word prints the usage" grep -q '^  neap sample RUN ' stdout
    holds "$word tells of eval" grep -q '^  neap eval RUN ' stdout
done
for word in --version version; do
    expect 0 "" neap $word
    holds "$word prints the version" grep -qx 'neap [0-9]*\.[0-9]*\.[0-9]*' stdout
done
expect 2 "neap: unknown verb 'runn'; did you mean 'run'?" neap runn points.lua
expect 2 "neap: unknown verb 'sampel'; did you mean 'sample'?" neap sampel
expect 2 "neap: unknown verb '--versoin'; did you mean '--version'?" neap --versoin
expect 2 "neap: unknown verb 'xyzzy'" neap xyzzy

for words in "help sample" "sample --help" "sample -h"; do
    # shellcheck disable=SC2086
    expect 0 "" neap $words
    same_text "$words: the usage of this verb alone" "neap sample" "$(sed -n '/^  neap/ { s/^ *//; s/ RUN.*//; p; }' stdout)"
done
for verb in run eval list help env bench repl; do
    expect 0 "" neap help $verb
    holds "help $verb" grep -q "^  neap $verb" stdout
done
same_text "each file in cli/verbs is a verb, and each verb has a file" \
    "$(cd "$NEAP_SOURCE/lua/neap/cli/verbs" && ls | sed 's/\.lua$//' | LC_ALL=C sort)" \
    "$(neap --help | sed -n 's/^  neap \([a-z]*\) .*/\1/p' | LC_ALL=C sort)"
expect 2 "neap: help: nothing is named 'evla'; did you mean 'eval'?" neap help evla

# --- list, help -------------------------------------------------------------------------------------------------------

expect 0 "" neap list
for line in 'architecture  dit ' 'architecture  mlp ' 'objective     flow_matching ' 'sampler       euler ' \
    'sampler       dopri5 ' 'guidance      cfg ' 'guidance      interval ' 'dataset       idx ' \
    'dataset       shapes ' 'dataset       toy2d '; do
    holds "list shows $line" grep -q "^$line" stdout
done
expect 0 "" neap list dataset
same_text "list of one kind" "captioned_shapes coupled degraded emoji folder idx latents shapes stacked tensors toy2d" "$(awk '$1 == "dataset" { printf "%s%s", sep, $2; sep = " " }' stdout)"
expect 0 "" neap list metric
same_text "list of metrics" "agreement frechet kernel modes precision_recall retrieval shape_attributes sliced_wasserstein support" \
    "$(awk '$1 == "metric" { printf "%s%s", sep, $2; sep = " " }' stdout)"
expect 2 "neap: list: unknown kind 'samplr'; did you mean 'sampler'?" neap list samplr
expect 2 "neap: list: expected at most one kind, got 2" neap list sampler dataset

expect 0 "" neap help euler
holds "help names the call" grep -qx '  neap\.sampler\.euler {' stdout
holds "help shows range, default and text" \
    grep -qx '    steps          int from 1 to 100000; default 50\. Steps\.' stdout
expect 0 "" neap help interval
same_text "help shows components inside" \
    "    of             component; a guidance. Guidance inside the interval; nil:
                   none." "$(grep -A 1 '^    of  ' stdout)"
expect 0 "" neap help precision_recall
same_text "help of a metric, in lines of 80 columns" \
    "    k              int from 1 to 64; default 3. Neighbour whose distance is the
                   radius of a ball." "$(grep -A 1 '^    k  ' stdout)"
expect 0 "" neap help dataset.toy2d
holds "help shows choices" \
    grep -qx '    shape          moons | spirals | checkerboard | gaussians8 | rings; default' stdout
holds "help shows flags" grep -qx '    labels         flag; default true\. .*' stdout
expect 0 "" neap help matmul
holds "help shows ops" grep -qx 'op matmul: Matrix product .*' stdout
holds "help shows the call of an op" grep -qx '  neap\.matmul(x, y, { transpose_a = \.\., transpose_b = \.\. })' stdout
holds "help shows an op as a method" grep -qx '  x:matmul(y, { transpose_a = \.\., transpose_b = \.\. })' stdout
holds "help shows attributes" grep -qx '  2 tensors; attributes: \[transpose_a\], \[transpose_b\]' stdout
expect 2 "neap: help: nothing is named 'eulr'; did you mean 'euler'?" neap help eulr
expect 2 "neap: help: nothing is named 'sotfmax'; did you mean 'softmax'?" neap help sotfmax
expect 2 "neap: help: nothing is named 'sampler.dit'" neap help sampler.dit
expect 2 "neap: help: nothing is named 'sampler.eulr'; did you mean 'sampler.euler'?" neap help sampler.eulr
expect 2 "neap: help: nothing is named 'train.minuts'; did you mean 'train.minutes'?" neap help train.minuts

# --- env --------------------------------------------------------------------------------------------------------------

expect 0 "" neap env
same_text "the lines of env" \
    "version|processor|instructions|threads|precision|products|openblas|lua|built with|plugins|more plugins" \
    "$(cut -c 1-13 stdout | sed 's/ *$//' | paste -s -d '|' -)"
holds "env: the version is that of --version" grep -qx "version       $(neap --version | sed 's/^neap //')" stdout
holds "env: an instruction set" grep -qx 'instructions  \(generic\|avx2\|avx512\|avx512bf16\)' stdout
holds "env: a number of threads" grep -qx 'threads       [1-9][0-9]*' stdout
holds "env: our own products" grep -qx 'products      neap' stdout
holds "env: OpenBLAS" grep -q '^openblas      OpenBLAS ' stdout
holds "env: no more plugins" grep -qx 'more plugins  none; set NEAP_PLUGIN_PATH' stdout
mkdir more
expect 0 "" env NEAP_PLUGIN_PATH="$place/more" "$NEAP_SOURCE/neap" env
holds "env: more plugins" grep -qx "more plugins  $place/more" stdout
expect 0 "" env NEAP_CPU=generic "$NEAP_SOURCE/neap" env
holds "env: NEAP_CPU" grep -q '^instructions  generic' stdout
expect 0 "" env NEAP_GEMM=openblas "$NEAP_SOURCE/neap" env
holds "env: NEAP_GEMM" grep -qx 'products      openblas' stdout
expect 2 "neap: env: expected no arguments, got 'all'" neap env all
for verb in env list "run points.lua"; do
    # shellcheck disable=SC2086
    expect 2 "neap: NEAP_CPU: expected generic, avx2, avx512 or avx512bf16, got 'pentium'" \
        env NEAP_CPU=pentium "$NEAP_SOURCE/neap" $verb
    # shellcheck disable=SC2086
    expect 2 "neap: NEAP_GEMM: expected neap or openblas, got 'abacus'" env NEAP_GEMM=abacus "$NEAP_SOURCE/neap" $verb
done
holds "a refused setting leaves no run" absent runs

# --- bench ------------------------------------------------------------------------------------------------------------

# The keys that PyTorch's side of a comparison prints, and ours; a product alone has no size of pictures.
bench_keys='batch channels_last compile gflops isa median_s min_s peak_rss_mib peak_share peer precision samples_per_s'
bench_keys="$bench_keys threads work"
for precision in fp32 bf16; do
    expect 0 "" neap bench gemm batch=1 dim=32 steps=3 threads=1 precision=$precision
    same_text "bench: one line" 1 "$(wc -l <stdout | tr -d ' ')"
    same_text "bench: keys" "$bench_keys" "$(grep -o '"[a-z0-9_]*": ' stdout | tr -d '":\n' | sed 's/ $//')"
    holds "bench: what was asked for" grep -q '"precision": "'$precision'".*"threads": 1, "work": "gemm"' stdout
    same_text "bench: times and shares are sane" fine "$(tr -d '{}"' <stdout | tr ',' '\n' | awk -F ': ' '
        { sub(/^ /, "", $1); value[$1] = $2 }
        END { if (value["min_s"] > 0 && value["median_s"] >= value["min_s"] && value["peak_share"] > 0 &&
                  value["peak_rss_mib"] >= 1 && value["samples_per_s"] > 0) print "fine" }')"
done
for work in dit-train dit-sample; do
    expect 0 "" neap bench $work batch=2 size=8 channels=1 patch=4 dim=16 depth=1 heads=2 steps=2
    holds "bench $work" grep -q "\"work\": \"$work\"" stdout
    for way in cross joint; do
        expect 0 "" neap bench $work batch=2 size=8 channels=1 patch=4 dim=16 depth=1 heads=2 steps=2 conditioning=$way text=5 text_depth=0
        holds "bench $work with texts" grep -q '"conditioning": "'$way'".*"text": 5' stdout
    done
done
for work in conv conv-data conv-weight dcgan-train; do
    expect 0 "" neap bench $work batch=2 size=8 width=16 steps=2
    holds "bench $work" grep -q "\"size\": 8, .*\"work\": \"$work\"" stdout
done
expect 0 "" neap bench vaegan-train batch=2 size=24 width=32 steps=2
holds "bench vaegan-train" grep -q '"size": 24, .*"work": "vaegan-train"' stdout
for work in group-norm group-norm-gradient; do
    expect 0 "" neap bench $work batch=2 size=8 width=16 groups=4 steps=2
    same_text "bench $work: rates are sane" fine "$(tr -d '{}"' <stdout | tr ',' '\n' | awk -F ': ' '
        { sub(/^ /, "", $1); value[$1] = $2 }
        END { if (value["gb_per_s"] > 0 && value["copy_share"] > 0 && value["work"] == "'$work'") print "fine" }')"
done
expect 2 "neap: bench: expected conv, conv-data, conv-weight, dcgan-train, dit-sample, dit-train, gemm, group-norm, group-norm-gradient, vaegan-train, got 'gem'; did you mean 'gemm'?" neap bench gem
expect 2 "neap: bench: expected conv, conv-data, conv-weight, dcgan-train, dit-sample, dit-train, gemm, group-norm, group-norm-gradient, vaegan-train, got ''" neap bench
expect 2 "neap: bench: gemm: unknown key 'batc'; did you mean 'batch'?" neap bench gemm batc=1
expect 2 "neap: bench: conv: unknown key 'channels'; expected one of batch, kernel, precision, size, steps, stride, threads, width" \
    neap bench conv channels=128
expect 2 "neap: bench: batch: expected a whole number from 1, got '0'" neap bench gemm batch=0
expect 2 "neap: bench: dim: expected a whole number from 1, got 'x'" neap bench gemm dim=x
expect 2 "neap: bench: precision: expected auto, fp32 or bf16, got 'fp16'" neap bench gemm precision=fp16
expect 2 "neap: expected key=value, got '3'" neap bench gemm 3

# --- repl -------------------------------------------------------------------------------------------------------------

# at_prompt STDOUT STDERR LINES: what a session prints, which always ends well.
at_prompt() {
    output=$(printf '%s\n' "$3" | neap repl 2>stderr)
    same_text "repl: status of $3" 0 $?
    same_text "repl: output of $3" "$1" "$output"
    same_text "repl: errors of $3" "$2" "$(cat stderr)"
}

at_prompt 2 "" '1 + 1'
at_prompt "1	two" "" 'return 1, "two"'
at_prompt 6 "" "x = 2${newline}x * 3"
at_prompt "" "" ''
at_prompt "tensor f32 [2] from 1 to 1${newline}           1          1" "" 'neap.ones(2)'
at_prompt 7 "prompt:1: lost" "error 'lost'${newline}7"
at_prompt 7 "nil" "error()${newline}7"
at_prompt 7 "prompt:1: unexpected symbol near <eof>" "print(${newline}7"
at_prompt 7 "prompt:1: sampler 'eulr' is not known; did you mean 'euler'?" "neap.sampler.eulr {}${newline}7"
same_text "repl: the last line needs no end" 5 "$(printf '2 + 3' | neap repl)"
same_text "repl: a session without a line" "" "$(neap repl </dev/null)"
expect 2 "neap: repl: expected no arguments, got 'x'" neap repl x

# --- Output that cannot be written ------------------------------------------------------------------------------------

if [ -c /dev/full ]; then
    for verb in list env --version --help; do
        neap $verb >/dev/full 2>stderr
        same_text "$verb to a full disk: status" 1 $?
        same_text "$verb to a full disk" "neap: standard output: cannot be written" "$(cat stderr)"
    done
fi
finish
