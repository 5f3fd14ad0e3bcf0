# SPDX-License-Identifier: MIT
"""<liblinux/uapi/*.h>: the kernel's types and constants under our names, from the measured facts."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from c_types import tag_name
from tables import Arch
from uapi_tables import HANDLER, Enum, Field, Macro, Record

# Words that a field cannot be called in C++; in C the kernel calls some fields so.
CXX_WORDS = {'and', 'bool', 'catch', 'class', 'compl', 'delete', 'explicit', 'export', 'false', 'friend', 'mutable', 'namespace',
             'new', 'not', 'operator', 'or', 'private', 'protected', 'public', 'template', 'this', 'throw', 'true', 'try',
             'typename', 'using', 'virtual', 'xor'}

# (size, alignment) on every 64-bit architecture
SCALARS = {'char': 1, 'signed char': 1, 'unsigned char': 1, '_Bool': 1, 'short': 2, 'unsigned short': 2, 'int': 4, 'unsigned int': 4,
           'float': 4, 'long': 8, 'unsigned long': 8, 'long long': 8, 'unsigned long long': 8, 'double': 8,
           '__int128': 16, 'unsigned __int128': 16}


class Impossible(ValueError):
    """A fact that C cannot say."""


@dataclass(frozen=True)
class Uapi:
    """All facts, by the name of our header."""
    groups: dict[str, list[tuple[str, Record | Enum | Macro]]]
    shared: dict[str, str]              # kernel tag -> tag that a libc has too
    macro_fields: frozenset[str]        # fields that are macros in some header
    arches: tuple[Arch, ...]
    embeds_shared: bool = False         # what is shared keeps its tag inside other structs too

    def records(self, arch: str) -> dict[str, tuple[str, Record]]:
        """Tag -> its header and its layout, on one architecture."""
        return {fact.tag: (name, fact) for name, facts in self.groups.items() for where, fact in facts
                if isinstance(fact, Record) and where in ('', arch)}

    def field_name(self, name: str) -> str:
        return f'{name}_' if name in self.macro_fields or name in CXX_WORDS else name

    def own_tag(self, tag: str) -> str:
        return tag_name(tag, self.shared if self.embeds_shared else {})


# Layout: what a compiler would do, to know what it must be told.

class Layout:
    def __init__(self, records: dict[str, tuple[str, Record]]):
        self.records = records

    def measure(self, member: Field) -> tuple[int, int]:
        """Size and natural alignment of one element of a member."""
        if member.type in ('struct', 'union'):
            _, align = self.place(member.members, member.type, False)
            return member.size, align
        if member.type.endswith(('*', ')')):
            return 8, 8
        if member.type in SCALARS:
            return SCALARS[member.type], SCALARS[member.type]
        tag = member.type.partition(' ')[2]
        if tag not in self.records:
            raise Impossible(f'{member.type} {member.name}: the type is in no header of gen/uapi.tbl')
        record = self.records[tag][1]
        return record.size, record.align

    @staticmethod
    def forced(start: int, offset: int) -> int:
        """The alignment that puts a member at its offset instead of the natural start."""
        return next((align for align in (2, 4, 8, 16, 32, 64, 128) if start < offset == start + -start % align), 0)

    def alignments(self, members: tuple[Field, ...], kind: str) -> dict[str, int]:
        """Name -> alignment of the members that stand behind a gap that is not natural."""
        found = {}
        for n, member in enumerate(members):
            if kind == 'struct' and n and not member.bits:
                end = max((one.offset * 8 + self.measure(one)[0] * 8 * self.count(one) if not one.bits else one.offset + one.bits)
                          for one in members[:n])
                start = -(-end // 8)
                start += -start % self.measure(member)[1]
                if start != member.offset and (align := self.forced(start, member.offset)):
                    found[member.name] = align
        return found

    @staticmethod
    def count(member: Field) -> int:
        total = 1
        for dim in member.dims:
            total *= dim
        return total

    def place(self, members: tuple[Field, ...], kind: str, packed: bool) -> tuple[int, int]:
        """Size and alignment that the members come to; Impossible where an offset is another."""
        bits, largest, alignment = 0, 0, 1
        for member in members:
            size, align = self.measure(member)
            align = 1 if packed else align
            start = 0 if kind == 'union' else bits
            if member.bits:
                unit = size * 8
                if not packed and start // unit != (start + member.bits - 1) // unit:
                    start += -start % unit
                if start != member.offset:
                    raise Impossible(f'bit-field {member.name} at bit {member.offset}, not {start}')
                end = start + member.bits
            else:
                start += -start % (align * 8)
                if not packed and start != member.offset * 8:
                    align = self.forced(start // 8, member.offset) or align
                    start += -start % (align * 8)
                if start != member.offset * 8:
                    raise Impossible(f'{member.name} at {member.offset}, not {start // 8}')
                end = start + size * self.count(member) * 8
            alignment = max(alignment, align)
            bits, largest = end, max(largest, end)
        total = largest + -largest % (alignment * 8)
        return total // 8, alignment


# Text

def spell(uapi: Uapi, c_type: str, embedded: bool) -> str:
    """A type under our names. What is embedded is ours even where a libc has the tag too."""
    def rename(match: re.Match) -> str:
        tag = match[2]
        return f'{match[1]} {uapi.own_tag(tag) if embedded else tag_name(tag, uapi.shared)}'
    text = re.sub(r'\b(struct|union) (\w+)', rename, c_type)
    return text.replace('unsigned __int128', '__extension__ unsigned __int128') if '__int128' in text else text


def declare(uapi: Uapi, member: Field, indent: str, align: int = 0) -> str:
    embedded = not member.type.endswith(('*', ')'))
    dims = ''.join(f'[{dim}]' for dim in member.dims)
    name = uapi.field_name(member.name)
    extension = ''
    if member.dims and 0 in member.dims:
        extension = '__extension__ '
    if member.type in ('struct', 'union'):
        if not member.name:
            extension = '__extension__ '
        inner = ''.join(declare(uapi, one, indent + '\t') for one in visible(member.members))
        if not inner:
            return ''
        return f'{indent}{extension}{member.type} {{\n{inner}{indent}}}{" " + name + dims if name else ""};\n'
    text = spell(uapi, member.type, embedded)
    if '(*)' in text:
        return f'{indent}{text.replace("(*)", f"(*{name}{dims})", 1)};\n'
    if member.bits and member.type not in ('int', 'unsigned int'):
        extension = '__extension__ '
    width = f' : {member.bits}' if member.bits else ''
    after = f' __attribute__((__aligned__({align})))' if align else ''
    return f'{indent}{extension}{text}{"" if text.endswith("*") else " "}{name}{dims}{width}{after};\n'


def visible(members: tuple[Field, ...]) -> Iterator[Field]:
    """Without the empty structs that stand before a flexible array in a union."""
    for member in members:
        if not (member.type in ('struct', 'union') and not member.size and not member.members):
            yield member


def define_record(uapi: Uapi, record: Record, layout: Layout, tag: str) -> str:
    attributes = []
    forced: dict[str, int] = {}
    try:
        size, align = layout.place(record.members, record.kind, False)
        packed = align > record.align
    except Impossible:
        packed = True
    if packed:
        size, align = layout.place(record.members, record.kind, True)
        attributes.append('__packed__')
    else:
        forced = layout.alignments(record.members, record.kind)
    if align != record.align:
        attributes.append(f'__aligned__({record.align})')
        size += -size % record.align
    tail = ''
    if size < record.size:
        tail = '\tint : 32;\n' * ((record.size - size) // 4)
        size += (record.size - size) // 4 * 4
    if size != record.size:
        raise Impossible(f'{record.tag} has {record.size} bytes, not {size}')
    body = ''.join(declare(uapi, member, '\t', forced.get(member.name, 0)) for member in visible(record.members)) + tail
    if not body:
        return ''
    after = f' __attribute__(({", ".join(attributes)}))' if attributes else ''
    # A struct of nothing but anonymous members is an extension too.
    extension = '' if any(member.name for member in visible(record.members)) else '__extension__ '
    return f'{extension}{record.kind} {tag} {{\n{body}}}{after};\n'


def all_names(uapi: Uapi) -> set[str]:
    """Of all macros and enumerators, as the kernel has them."""
    facts = [fact for group in uapi.groups.values() for _, fact in group]
    return ({fact.name for fact in facts if isinstance(fact, Macro)}
            | {name for fact in facts if isinstance(fact, Enum) for name, _ in fact.values})


def places(uapi: Uapi) -> dict[str, list[str]]:
    """Each constant, and each 'struct tag' or 'union tag', under our names -> the headers that have it."""
    names = all_names(uapi)
    found: dict[str, dict[str, None]] = {}
    for group, facts in uapi.groups.items():
        for _, fact in facts:
            if isinstance(fact, Record):
                ours = [f'{fact.kind} {uapi.own_tag(fact.tag)}']
            else:
                ours = [macro_name(name, names) for name in ([fact.name] if isinstance(fact, Macro) else [name for name, _ in fact.values])]
            for name in ours:
                found.setdefault(name, {})[group] = None
    return {name: list(groups) for name, groups in found.items()}


def macro_name(name: str, names: set[str]) -> str:
    """Our name of a macro; '' for one that is the internal twin of another."""
    bare = name.lstrip('_')
    if bare != name and bare in names:
        return ''
    return bare if bare.startswith('LINUX_') else f'LINUX_{bare}'


def constant(value: str) -> str:
    """A value of the same type: C negates what is no int yet."""
    match = re.fullmatch(r'-(\w+?)(l{0,2})', value)
    if match and int(match[1], 0) == 2**(63 if match[2] else 31):
        return f'-{int(match[1], 0) - 1}{match[2]} - 1'
    return value


def define_macro(macro: Macro, names: set[str]) -> str:
    name = macro_name(macro.name, names)
    if not name:
        return ''
    value = constant(macro.value)
    value = f'({value})' if value.startswith(('-', HANDLER)) else value
    text = f'#define {name} {value}\n'
    return f'#ifndef {name}\n{text}#endif\n' if macro.name.startswith('LINUX_') else text


def define_enum(uapi: Uapi, enum: Enum, names: set[str]) -> str:
    """Enumerators that are no int are macros: C has no others."""
    inside, outside = '', ''
    # The type of all that are no int is the enum's.
    lowest, highest = (choose(value for _, value in enum.values) for choose in (min, max))
    suffix = 'l' if lowest < 0 else 'ul' if highest >= 2**32 else 'u'
    for name, value in enum.values:
        ours = macro_name(name, names)
        if not ours:
            continue
        if -2**31 <= value < 2**31:
            inside += f'\t{ours} = {constant(str(value))},\n'
        else:
            outside += f'#define {ours} {f"({value}{suffix})" if value < 0 else f"{value}{suffix}"}\n'
    inside = inside.rstrip(',\n') + '\n' if inside else ''
    tag = f' {uapi.own_tag(enum.tag)}' if enum.tag else ''
    return (f'enum{tag} {{\n{inside}}};\n' if inside else '') + outside


def tags_in(members: tuple[Field, ...], embedded: bool) -> Iterator[tuple[str, str]]:
    """(kind, tag) of what members contain, or else point to."""
    for member in members:
        if member.members:
            yield from tags_in(member.members, embedded)
        elif (not member.type.endswith(('*', ')'))) == embedded:
            yield from re.findall(r'\b(struct|union) (\w+)', member.type)


def in_order(facts: list[tuple[str, Record | Enum | Macro]]) -> list[tuple[str, Record | Enum | Macro]]:
    """A record after those that it contains."""
    result: list[tuple[str, Record | Enum | Macro]] = []
    here: dict[str, list[tuple[str, Record | Enum | Macro]]] = {}
    for pair in facts:
        if isinstance(pair[1], Record):
            here.setdefault(pair[1].tag, []).append(pair)
    done: set[str] = set()

    def add(tag: str) -> None:
        if tag in done or tag not in here:
            return
        done.add(tag)
        for _, record in here[tag]:
            for _, inner in tags_in(record.members, True):
                add(inner)
        result.extend(here[tag])

    for pair in facts:
        if isinstance(pair[1], Record):
            add(pair[1].tag)
        else:
            result.append(pair)
    return result


def header(uapi: Uapi, name: str, origin: str) -> str:
    """One header of ours."""
    facts = in_order(uapi.groups[name])
    records = {arch.name: uapi.records(arch.name) for arch in uapi.arches}
    layouts = {arch.name: Layout(records[arch.name]) for arch in uapi.arches}
    names = all_names(uapi)
    conditions = {arch.name: arch.condition for arch in uapi.arches}
    includes, forward = set(), set()
    for where, fact in facts:
        if isinstance(fact, Record):
            for arch in [where] if where else conditions:
                for _, tag in tags_in(fact.members, True):
                    if tag in records[arch] and records[arch][tag][0] != name:
                        includes.add(records[arch][tag][0])
            for kind, tag in tags_in(fact.members, False):
                forward.add(f'{kind} {tag_name(tag, uapi.shared)};\n')
    body = ''
    state = ''
    for where, fact in facts:
        if isinstance(fact, Record):
            text = define_record(uapi, fact, layouts[where or uapi.arches[0].name], uapi.own_tag(fact.tag))
        elif isinstance(fact, Enum):
            text = define_enum(uapi, fact, names)
        else:
            text = define_macro(fact, names)
        if not text:
            continue
        if where != state:
            body += '#endif\n' if state else ''
            body += f'#if {conditions[where]}\n' if where else ''
            state = where
        body += text
    body += '#endif\n' if state else ''
    guard = f'LIBLINUX_UAPI_{name.upper()}_H'
    quiet = '#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)\n# pragma GCC diagnostic {}#endif\n'
    # g++ takes arrays of no length for worse than an extension, __extension__ or not.
    return (f'{origin}#ifndef {guard}\n#define {guard}\n\n'
            + ''.join(f'#include <liblinux/uapi/{other}.h>\n' for other in sorted(includes))
            + ''.join(sorted(forward)) + ('\n' if includes or forward else '')
            + quiet.format('push\n# pragma GCC diagnostic ignored "-Wpedantic"\n') + body + quiet.format('pop\n') + '\n#endif\n')


def posix(uapi: Uapi, origin: str) -> str:
    """The shared tags under their own names, for programs that have no libc."""
    uapi = replace(uapi, embeds_shared=True)
    body = ''
    layouts = {arch.name: Layout(uapi.records(arch.name)) for arch in uapi.arches}
    conditions = {arch.name: arch.condition for arch in uapi.arches}
    includes: set[str] = set()
    records = [pair for facts in uapi.groups.values() for pair in facts if isinstance(pair[1], Record) and pair[1].tag in uapi.shared]
    tags = {record.tag for _, record in records}
    for where, fact in in_order(records):
        tag = uapi.shared[fact.tag]
        if fact.tag != tag and tag in tags:
            continue                    # the kernel has the common tag too
        arch = where or uapi.arches[0].name
        for _, inner in tags_in(fact.members, True):
            if inner not in uapi.shared:
                includes.add(uapi.records(arch)[inner][0])
        text = define_record(uapi, fact, layouts[arch], tag)
        body += f'#if {conditions[where]}\n{text}#endif\n' if where else text
    return f'''{origin}\
/* The structs that prototypes share with the libcs, for programs that have no libc. */
#if defined(_FEATURES_H) || defined(__GLIBC__) || defined(__BIONIC__)
# error "liblinux: <liblinux/posix.h> is for programs without a libc, which has these structs itself"
#endif
#ifndef LIBLINUX_POSIX_H
#define LIBLINUX_POSIX_H

{"".join(f"#include <liblinux/uapi/{name}.h>{chr(10)}" for name in sorted(includes))}
#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
# pragma GCC diagnostic push
# pragma GCC diagnostic ignored "-Wpedantic"
#endif
{body}#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
# pragma GCC diagnostic pop
#endif

#endif
'''


# Tests

def paths(uapi: Uapi, members: tuple[Field, ...], base: int, theirs: str = '', ours: str = '') -> Iterator[tuple[str, str, int]]:
    """(kernel's path, our path, offset) of every member that has one."""
    for member in visible(members):
        if member.bits:
            continue
        if member.name:
            yield theirs + member.name, ours + uapi.field_name(member.name), base + member.offset
        if member.members and not member.dims:
            dot = '.' if member.name else ''
            yield from paths(uapi, member.members, base + member.offset, theirs + member.name + dot,
                             ours + (uapi.field_name(member.name) if member.name else '') + dot)


def layout_test(uapi: Uapi, arch: str, origin: str, headers: list[str]) -> str:
    """Assertions that our types and constants are what the facts say and the kernel has.

    Compiled with the kernel's own headers in the same unit. What has a source is in none of them.
    """
    # A few macros of the kernel use what no header of it defines.
    text = origin + 'typedef __SIZE_TYPE__ size_t;\ntypedef unsigned short sa_family_t;\ntypedef unsigned long long u64;\n'
    records = uapi.records(arch)
    text += define_record(uapi, records['sockaddr'][1], Layout(records), 'sockaddr')    # for gen/libc
    text += ''.join(f'#if __has_include(<{header}>)\n# include <{header}>\n#endif\n'
                            for header in headers if not header.startswith('asm-generic/'))
    text += '#include <liblinux/uapi.h>\n#include <liblinux/uapi/dirent.h>\n\n'
    text += '#define ASSERT(x) _Static_assert(x, "is not so")\n#define OFFSET __builtin_offsetof\n\n'
    # Of the same value, size and signedness.
    text += ('#define SAME(a, b) ASSERT((a) == (b) && sizeof(a) == sizeof(b) && ((a) - (a) - 1 < 0) == ((b) - (b) - 1 < 0))\n'
             # clang makes a constant of a pointer where an array has it for its length, not in an assertion.
             '#define HANDLER(a, b) ASSERT(__builtin_types_compatible_p(__typeof__(a), __typeof__(b))); '
             'extern char same[(long)(a) == (long)(b) ? 1 : -1]\n'
             '#define STRING(a, b) ASSERT(sizeof(a) == sizeof(b) && !__builtin_strcmp(a, b))\n\n')
    names = all_names(uapi)
    here = [fact for facts in uapi.groups.values() for where, fact in facts if where in ('', arch)]
    text += ''.join(f'#ifndef {fact.name}\n# define {fact.name} {fact.value}\n#endif\n'
                    for fact in here if isinstance(fact, Macro) and fact.source)
    for fact in here:
        if isinstance(fact, Record):
            if not any(True for _ in visible(fact.members)):
                continue
            ours = f'{fact.kind} {uapi.own_tag(fact.tag)}'
            theirs = '' if fact.source else fact.typedef or f'{fact.kind} {fact.tag}'
            text += f'ASSERT(sizeof({ours}) == {fact.size} && _Alignof({ours}) == {fact.align});\n'
            if theirs:
                text += f'ASSERT(sizeof({theirs}) == {fact.size} && _Alignof({theirs}) == {fact.align});\n'
            for path, our_path, offset in paths(uapi, fact.members, 0):
                text += f'ASSERT(OFFSET({ours}, {our_path}) == {offset});\n'
                if theirs:
                    text += (f'ASSERT(OFFSET({theirs}, {path}) == {offset} && '
                             f'sizeof((({theirs} *)0)->{path}) == sizeof((({ours} *)0)->{our_path}));\n'
                             if not flexible(fact.members, path) else f'ASSERT(OFFSET({theirs}, {path}) == {offset});\n')
        elif not fact.source:
            for name in [name for name, _ in fact.values] if isinstance(fact, Enum) else [fact.name]:
                ours = macro_name(name, names)
                if ours and ours != name:
                    text += f'{"STRING" if string(fact) else "HANDLER" if handler(fact) else "SAME"}({ours}, {name});\n'
    return text


def string(fact: Enum | Macro) -> bool:
    return isinstance(fact, Macro) and fact.value.startswith('"')


def handler(fact: Enum | Macro) -> bool:
    return isinstance(fact, Macro) and fact.value.startswith(HANDLER)


def flexible(members: tuple[Field, ...], path: str) -> bool:
    """Has the member at the path no size of its own?"""
    first, _, rest = path.partition('.')
    for member in members:
        if member.name == first:
            return flexible(member.members, rest) if rest else 0 in member.dims
        if not member.name and flexible(member.members, path):
            return True
    return False
