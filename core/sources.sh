#!/bin/sh
# Lists the sources, plugins, tests and data files of the tree for automake.
#   core/sources.sh         writes the lists to build/aux/sources.am if they changed; autoconf and every make run this
#   core/sources.sh TREE    prints the lists of another tree
#
# A file is in a list because of its name and folder. A file that the .am file of its folder names is in none.
# A plugins/KIND/NAME.c with NEAP_PLUGIN( is a plugin, tests/.../test_NAME.c and fuzz_NAME.c are programs. Each is linked
# with the files NAME_*.c beside it and, for every header X.h that these include, with X.c and X_*.c beside the header.
set -eu
unset CDPATH
cd -- "${1:-$(dirname -- "$0")/..}"
LC_ALL=C
export LC_ALL

# One fact a line: a file of the tree, a path in an .am file, a plugin, and a file with a quoted name that it includes.
facts() {
    find core plugins lua recipes tests -type f | sort | sed -nE 's,^(([A-Za-z0-9][A-Za-z0-9_.-]*/)*[A-Za-z0-9_.-]*[a-z])$,file \1,p'
    for folder in core plugins lua recipes tests; do
        cat $folder/*.am 2>/dev/null | sed 's/#.*//' | grep -oE "\<$folder/[A-Za-z0-9_./-]+" | sed 's,^,hand ,'
    done
    find plugins -name '*.c' -exec grep -lE '^NEAP_PLUGIN\(' {} + | sed 's,^,plugin ,'
    find plugins tests -name '*.[ch]' -exec grep -HE '^#include "' {} + | sed -nE 's,^([^:]*):#include "([^".]*\.h)".*,include \1 \2,p'
}

lists() {
    facts | awk '
    $1 == "file" { file[++files] = $2; exists[$2] = 1 }
    $1 == "hand" { hand[$2] = 1 }
    $1 == "plugin" { root[$2] = 1 }
    $1 == "include" { included[$2] = included[$2] " " $3 }

    function folder(path) { sub(/[^\/]*$/, "", path); return path }
    function stem(path) { sub(/\.[a-z]*$/, "", path); return path }
    function variable(path) { gsub(/[^A-Za-z0-9]/, "_", path); return path }
    function list(name, items) { print name " =" items }
    function matching(pattern, except,    i, items) {
        for (i = 1; i <= files; i++)
            if (file[i] ~ pattern && !(except != "" && file[i] ~ except) && !(file[i] in hand) && !(stem(file[i]) in hand))
                items = items " \\\n\t" file[i]
        return items
    }
    function without_endings(items) { gsub(/\.c/, "", items); return items }

    # The plugin, program or header to which a C file belongs: the longest of which it has the name, or the name and more.
    function owner(path,    name) {
        for (name = stem(path); !((name ".c") in root) && !((name ".h") in exists);)
            if (!sub(/_[^_\/]*$/, "", name)) return ""
        return name
    }
    function visit(path,    i, count, name, top) {
        if (!(path in exists) || (path in seen)) return
        seen[path] = 1
        if (path in root || path ~ /\.h$/)
            for (i = 1; i <= helpers; i++) if (belongs[i] == stem(path)) visit(helper[i])
        count = split(included[path], name, " ")
        for (i = 1; i <= count; i++) {
            top = substr(path, 1, index(path, "/"))
            visit(name[i] !~ /\// ? folder(path) name[i] : index(name[i], top) == 1 ? name[i] : top name[i])
        }
    }
    function sources(path,    i, items) {
        split("", seen)
        visit(path)
        for (i = 1; i <= files; i++) if (file[i] in seen) items = items " \\\n\t" file[i]
        return items
    }
    function find_helpers(    i, name) {
        for (i = 1; i <= files; i++) {
            if (file[i] !~ /^(plugins|tests)\/.*\.c$/ || file[i] in root || file[i] in hand || file[i] ~ broken) continue
            helper[++helpers] = file[i]
            belongs[helpers] = owner(file[i])
            if (belongs[helpers] != "") continue
            name = stem(file[i])
            sub(/.*\//, "", name)
            print "sources.sh: " file[i] ": expected NEAP_PLUGIN( in it, or a plugin or a header named " name >"/dev/stderr"
            failed = 1
        }
    }
    function module(path, kind) {
        name = variable(stem(path)) "_la"
        list(name "_SOURCES", sources(path))
        print name "_CPPFLAGS = $(" kind "_cppflags)\n" name "_LDFLAGS = $(" kind "_flags)"
    }

    END {
        programs = "^tests/(.*/)?(test|fuzz)_[^/]*\\.c$"
        broken = "^tests/(.*/)?broken/[^/]*\\.c$"
        for (i = 1; i <= files; i++) if (file[i] ~ programs) root[file[i]] = 1
        find_helpers()
        if (failed) exit 1

        print "# Written by sources.sh from the names of the files in the tree."
        list("public_headers", matching("^core/include/neap/.*\\.h$"))
        list("kernel_sources", matching("^core/kernels/.*\\.c$"))
        list("core_sources", matching("^core/.*\\.([ch]|def)$", "^core/(include/|kernels/.*\\.c$)"))
        list("binding_sources", matching("^lua/.*\\.[ch]$"))
        list("lua_files", matching("^lua/.*\\.lua$"))
        list("recipe_files", matching("^recipes/.*\\.(lua|safetensors)$"))
        list("shell_tests", matching("^tests/.*\\.sh$"))
        list("lua_tests", matching("^tests/.*\\.lua$"))
        list("test_headers", matching("^tests/.*\\.h$"))
        list("test_data", matching("^tests/.*\\.(inc|py|safetensors)$"))
        list("once_tests", without_endings(matching(programs)))

        for (i = 1; i <= files; i++) {
            path = file[i]
            if (path ~ /^plugins\// && path in root) {
                plugin_sources = plugin_sources " \\\n\t" path
                plugins = plugins " \\\n\t" stem(path) ".la"
                module(path, "plugin")
            } else if (path ~ /^plugins\/.*\.[ch]$/) {
                plugin_helpers = plugin_helpers " \\\n\t" path
            } else if (path ~ broken) {
                broken_plugins = broken_plugins " \\\n\t" stem(path) ".la"
                module(path, "broken")
            } else if (path ~ programs && !(path in hand)) {
                list(variable(stem(path)) "_SOURCES", sources(path))
                print variable(stem(path)) "_CPPFLAGS = $(" (path ~ /\/fuzz_/ ? "fuzz" : "test") "_cppflags)"
            }
        }
        list("plugin_sources", plugin_sources)
        list("plugin_helpers", plugin_helpers)
        list("bundled_plugins", plugins)
        list("broken_plugins", broken_plugins)
    }'
}

new=$(lists)
if [ $# -gt 0 ]; then
    printf '%s\n' "$new"
elif ! printf '%s\n' "$new" | cmp -s - build/aux/sources.am; then
    mkdir -p build/aux
    printf '%s\n' "$new" >build/aux/sources.am.$$
    mv -f build/aux/sources.am.$$ build/aux/sources.am
fi
