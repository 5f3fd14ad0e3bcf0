# SPDX-License-Identifier: MIT
"""The importer on a miniature kernel tree, the tables' readers, update, diff and the command line."""
from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'gen'))

import call_notes          # noqa: E402
import c_types              # noqa: E402
import emit                 # noqa: E402
import emit_libc            # noqa: E402
import emit_man             # noqa: E402
import emit_uapi            # noqa: E402
import kernel_tree          # noqa: E402
import syscall_table        # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import uapi_headers         # noqa: E402
import uapi_tables          # noqa: E402

MINI = TOP / 'tests/mini'
GOLDEN = TOP / 'tests/mini.golden'


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f'{old!r} is {text.count(old)} times in {path}'
    path.write_text(text.replace(old, new))


def arches_of_mini() -> list[tables.Arch]:
    return [arch for arch in tables.read_arches() if arch.name in ('x86_64', 'aarch64')]


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.tree = self.directory / 'tree'
        shutil.copytree(MINI, self.tree, symlinks=True)
        self.table = self.directory / 'syscalls.tbl'
        self.arches = arches_of_mini()

    def doubt(self, pattern: str, function, *arguments) -> None:
        with self.assertRaisesRegex(tables.Doubt, pattern):
            function(*arguments)

    def read(self) -> tables.Table:
        return kernel_tree.read_tree(self.tree, self.arches)

    def rejected(self, pattern: str) -> None:
        self.doubt(pattern, self.read)

    def row(self, name: str, arch: str) -> str:
        row = self.read().calls(arch)[name]
        return f'{row.numbers[arch]} {row.marks()} {emit.kernel_prototype(row)}'


class Import(Case):
    def test_golden(self) -> None:
        self.assertEqual(tables.write_syscalls(self.read()), (GOLDEN / 'syscalls.tbl').read_text())
        errno = kernel_tree.read_errno(self.tree, self.arches)
        self.assertEqual(tables.write_errno('7.3.4', errno), (GOLDEN / 'errno.tbl').read_text())

    def test_entry_column_selects_the_definition(self) -> None:
        # By the row's name one would get struct __old_kernel_stat, silently.
        self.assertEqual(self.row('stat', 'x86_64'), '4 - stat(const char *filename, struct stat *statbuf)')
        self.assertEqual(self.row('umount2', 'aarch64'), '39 - umount2(char *name, int flags)')

    def test_prototypes_that_depend_on_the_architecture(self) -> None:
        self.assertIn('int *child_tidptr, unsigned long tls)', self.row('clone', 'x86_64'))
        self.assertIn('unsigned long tls, int *child_tidptr)', self.row('clone', 'aarch64'))
        self.assertIn('size_t len', self.row('fadvise64', 'x86_64'))
        self.assertIn('loff_t len', self.row('fadvise64', 'aarch64'))

    def test_an_entry_with_another_in_its_place(self) -> None:
        self.assertIn('(unsigned int personality)', self.row('personality', 'aarch64'))
        edit(self.tree / 'arch/arm64/kernel/sys.c', 'unsigned int, personality)', 'unsigned long, personality)')
        self.assertIn('(unsigned long personality)', self.row('personality', 'aarch64'))
        self.assertIn('(unsigned int personality)', self.row('personality', 'x86_64'))

    def test_noreturn(self) -> None:
        self.assertEqual(self.row('exit', 'aarch64'), '93 noreturn exit(int error_code)')

    def test_rows_without_entry_are_not_ours(self) -> None:
        table = self.read()
        for name in ('uselib', '_sysctl', 'x32only', 'time32only', 'dash'):
            for arch in table.arches:
                self.assertNotIn(name, table.calls(arch))

    def test_a_call_that_cannot_be_configured_has_its_prototype(self) -> None:
        self.assertEqual(self.row('rseq_slice_yield', 'aarch64'), '471 - rseq_slice_yield(void)')
        # Nor one that only another architecture defines.
        (self.tree / 'kernel/rseq.c').rename(self.tree / 'arch/x86/kernel.c')
        self.assertEqual(self.row('rseq_slice_yield', 'aarch64'), '471 - rseq_slice_yield(void)')

    def test_tags_come_from_the_makefiles(self) -> None:
        edit(self.tree / 'arch/arm64/kernel/Makefile.syscalls', ' memfd_secret', '')
        self.assertNotIn('memfd_secret', self.read().calls('aarch64'))


class BadTrees(Case):
    def test_older_than_the_oldest(self) -> None:
        edit(self.tree / 'Makefile', 'VERSION = 7\nPATCHLEVEL = 3', 'VERSION = 6\nPATCHLEVEL = 11')
        self.rejected(r'Makefile:3: Linux 6\.11\.4 is older than 6\.12')

    def test_not_a_tree(self) -> None:
        (self.tree / 'Makefile').write_text('all:\n')
        self.rejected(r'Makefile:1: no VERSION')
        shutil.rmtree(self.tree)
        self.rejected(r'Makefile:1: No such file')

    def test_version(self) -> None:
        edit(self.tree / 'Makefile', 'SUBLEVEL = 4', 'SUBLEVEL = x')
        self.rejected(r"Makefile:\d+: '7\.3\.x' is not a kernel version")

    def test_release_candidate(self) -> None:
        edit(self.tree / 'Makefile', 'SUBLEVEL = 4\nEXTRAVERSION =', 'SUBLEVEL = 0\nEXTRAVERSION = -rc2')
        self.assertEqual(self.read().tree, '7.3.0-rc2')
        self.assertEqual(self.read().release, '7.3')

    def test_row(self) -> None:
        path = self.tree / 'arch/x86/entry/syscalls/syscall_64.tbl'
        text = path.read_text()
        for line, reason in (('9 common', 'not a row'), ('x common foo sys_foo', 'not a row'),
                             ('9 common foo sys_foo - - -', 'not a row'),
                             ('9 common foo __x64_foo', "the entry point '__x64_foo' is not sys_"),
                             ('9 common foo sys_foo - returns', "unknown mark 'returns'")):
            path.write_text(text + line + '\n')
            self.rejected(rf'syscall_64\.tbl:{text.count(chr(10)) + 1}: {reason}')

    def test_duplicate_rows(self) -> None:
        path = self.tree / 'arch/x86/entry/syscalls/syscall_64.tbl'
        text = path.read_text()
        path.write_text(text + '0 common other sys_newstat\n')
        self.rejected(r'syscall_64\.tbl:\d+: 0 stands in line \d+ already')
        path.write_text(text + '999 common stat sys_newstat\n')
        self.rejected(r'syscall_64\.tbl:\d+: stat stands in line \d+ already')

    def test_unknown_form_of_table(self) -> None:
        (self.tree / 'arch/x86/entry/syscalls/Makefile').unlink()
        self.rejected('unknown form of table')

    def test_makefile_without_tags(self) -> None:
        edit(self.tree / 'arch/x86/entry/syscalls/Makefile', 'abis := common,64', 'abi := common,64')
        self.rejected(r'Makefile:1: does not name the table and the ABI tags of x86')

    def test_missing_table(self) -> None:
        (self.tree / 'arch/x86/entry/syscalls/syscall_64.tbl').unlink()
        self.rejected(r'syscall_64\.tbl:1: No such file')

    def test_no_definition(self) -> None:
        edit(self.tree / 'fs/stat.c', 'SYSCALL_DEFINE2(newstat', 'SYSCALL_DEFINE2(newstat1')
        self.rejected(r'syscall_64\.tbl:\d+: stat: no SYSCALL_DEFINEn\(newstat\)')

    def test_two_definitions(self) -> None:
        path = self.tree / 'mm/mmap.c'
        path.write_text(path.read_text() + 'SYSCALL_DEFINE1(exit, long, error_code)\n')
        self.rejected(r'mmap\.c:\d+: a second definition of exit differs from kernel/exit\.c:\d+')

    def test_same_definition_twice_is_no_doubt(self) -> None:
        path = self.tree / 'mm/mmap.c'
        path.write_text(path.read_text() + 'SYSCALL_DEFINE1(exit, int, error_code)\n')
        self.assertEqual(self.row('exit', 'x86_64'), '60 noreturn exit(int error_code)')

    def test_unknown_type(self) -> None:
        edit(self.tree / 'kernel/exit.c', 'int, error_code', 'new_t, error_code')
        self.rejected(r"exit\.c:3: unknown type 'new_t'")

    def test_struct_by_value(self) -> None:
        edit(self.tree / 'fs/stat.c', 'struct stat __user *, statbuf', 'struct stat, statbuf')
        self.rejected(r'stat\.c:\d+: .*passes a struct by value')

    def test_arity(self) -> None:
        edit(self.tree / 'kernel/exit.c', 'SYSCALL_DEFINE1(exit, int', 'SYSCALL_DEFINE2(exit, int')
        self.rejected(r'exit\.c:3: SYSCALL_DEFINE2 has 3 parts, not 5')

    def test_unbalanced(self) -> None:
        (self.tree / 'kernel/exit.c').write_text('SYSCALL_DEFINE1(exit, int, error_code\n')
        self.rejected(r'exit\.c:1: SYSCALL_DEFINE1')

    def test_second_witness(self) -> None:
        edit(self.tree / 'include/linux/syscalls.h', 'sys_exit(int error_code)', 'sys_exit(long error_code)')
        self.rejected(r'syscalls\.h:\d+: exit\(long\) is defined as \(int\) in kernel/exit\.c:3')

    def test_no_second_witness(self) -> None:
        edit(self.tree / 'include/linux/syscalls.h', 'asmlinkage long sys_exit(int error_code);', '')
        self.rejected(r'exit\.c:3: exit is not declared in include/linux/syscalls\.h')

    def test_errno(self) -> None:
        path = self.tree / 'include/uapi/asm-generic/errno.h'
        text = path.read_text()
        for line, reason in (('#define EODD (EBASE + 1)', "EODD is '.*', neither"), ('#define EPERM 2', 'EPERM is defined twice')):
            path.write_text(text + line + '\n')
            self.doubt(rf'errno\.h:\d+: {reason}', kernel_tree.read_errno, self.tree, self.arches)
        path.write_text(text)
        own = self.tree / 'arch/x86/include/uapi/asm/errno.h'
        own.parent.mkdir(parents=True)
        own.touch()
        self.doubt('x86_64 has errno values of its own', kernel_tree.read_errno, self.tree, self.arches)


class Conditions(unittest.TestCase):
    def test_evaluate(self) -> None:
        truth = {'A': True, 'B': False, 'C': None}.get
        for text, value in (('A', True), ('!A', False), ('B || A', True), ('B && C', False), ('A && C', None),
                            ('C || A', True), ('!(A && B)', True), ('defined(A)', True), ('defined B', False),
                            ('IS_ENABLED(A) && !defined(B)', True), ('A == 1', None), ('A &&', None), ('(A', None),
                            ('!C', None), ('A B', None), ('', None), ('(' * 5000, None)):
            with self.subTest(text=text):
                self.assertIs(kernel_tree.evaluate(text, truth), value)

    def test_branches(self) -> None:
        text = '1\n#ifdef A\n3\n#elif defined(C)\n5\n#else\n7\n#endif\n#ifndef C\n10\n#else\n12\n#endif\n' \
               '#if defined(B) && \\\n    defined(C)\n16\n#elif A\n18\n#endif'
        states = list(kernel_tree.conditions(text, {'A': True, 'B': False, 'C': None}.get))
        self.assertEqual(len(states), text.count('\n') + 1)
        for line, value in ((1, True), (3, True), (5, False), (7, False), (10, None), (12, None), (16, False), (18, True)):
            with self.subTest(line=line):
                self.assertIs(states[line - 1], value)

    def test_comments_keep_lines_and_strings(self) -> None:
        text = 'a /* b\nc */ d // e\n"/* f */" g'
        self.assertEqual(kernel_tree.strip_comments(text), 'a  \n d  \n"/* f */" g')


class Types(unittest.TestCase):
    def test_plain(self) -> None:
        shared = {'__kernel_timespec': 'timespec', 'iovec': 'iovec'}
        for kernel, c in (
                ('size_t', 'unsigned long'), ('const clockid_t', 'int'), ('umode_t', 'unsigned int'), ('u64', 'unsigned long long'),
                ('loff_t __user *', 'long long *'), ('const char __user *', 'const char *'),
                ('const char __user *const __user *', 'const char *const *'), ('const void __user *const', 'const void *'),
                ('struct __kernel_timespec __user *', 'struct timespec *'), ('const struct iovec *', 'const struct iovec *'),
                ('struct stat *', 'struct linux_stat *'), ('struct __aio_sigset *', 'struct linux_aio_sigset *'),
                ('struct linux_dirent64 *', 'struct linux_dirent64 *'), ('struct iocb __user * __user *', 'struct linux_iocb **'),
                ('const sigset_t *', 'const struct linux_sigset *'), ('siginfo_t *', 'struct linux_siginfo *'),
                ('const cap_user_data_t', 'struct linux_user_cap_data_struct *'), ('union bpf_attr *', 'union linux_bpf_attr *'),
                ('enum landlock_rule_type', 'unsigned int'), ('fd_set *', 'struct linux_fd_set *')):
            with self.subTest(kernel=kernel):
                self.assertEqual(c_types.plain(kernel, shared), c)

    def test_refined(self) -> None:
        for kernel, reads, untyped, refined in (
                ('char __user *', True, False, 'const char __user *'), ('char __user *', False, True, 'void __user *'),
                ('unsigned char *', True, True, 'const void *'), ('const char __user *', True, False, 'const char __user *'),
                ('struct iovec * const', True, False, 'const struct iovec * const'), ('struct iocb **', True, False, 'struct iocb **'),
                ('unsigned long *', False, True, 'unsigned long *'), ('unsigned long', True, True, 'unsigned long'),
                ('const cap_user_data_t', True, False, 'const struct __user_cap_data_struct *')):
            with self.subTest(kernel=kernel):
                self.assertEqual(c_types.refined(kernel, reads, untyped), refined)

    def test_unknown(self) -> None:
        for kernel in ('foo_t', 'struct stat', 'void', 'char * name', 'struct *', '', 'foo_t *', 'long double'):
            with self.subTest(kernel=kernel), self.assertRaises(c_types.UnknownType):
                c_types.plain(kernel, {})


class Extras(Case):
    """What abi-extra.tbl takes from the tree keeps its file and line."""
    FILE = '''\
/* A comment
 * of lines, with a #define ONE 5 */
#define ONE 1
#define TWO \\
	2

# define THREE (ONE + \\
	TWO)	/* three */
#ifndef CONFIG_64BIT
#define FOUR 5
#else
#define FOUR 4
#endif
struct five {
	int six;
};
typedef struct {
	int eight;
} seven_t;
'''

    def extract(self, *items: str) -> str:
        (self.tree / 'include/linux').mkdir(parents=True, exist_ok=True)
        (self.tree / 'include/linux/own.h').write_text(self.FILE)
        extra = uapi_tables.Extra('own', 'include/linux/own.h', items, 7)
        return uapi_headers.extract(self.tree, extra, Path('abi-extra.tbl'), kernel_tree.Kconfig(self.tree, self.arches[0]))

    def test_lines(self) -> None:
        for item, line, text in (
                ('ONE', 3, '#define ONE 1'), ('OURS=ONE', 3, '#define OURS 1'), ('TWO', 4, '#define TWO 2'),
                ('THREE', 7, '#define THREE (ONE +  \tTWO)'), ('FOUR', 12, '#define FOUR 4'),
                ('struct:five', 14, 'struct five {\n'), ('typedef:seven_t=seven', 17, 'struct seven {\n')):
            with self.subTest(item):
                said = self.extract(item)
                self.assertIn(f'# {line} "/extra/own/include/linux/own.h"\n{text}', said)
                self.assertEqual(said.count('/extra/'), 1)
        self.assertEqual(self.extract('T*').count('/extra/'), 2)

    def test_what_is_not_there(self) -> None:
        for item in ('ELEVEN', 'OURS=ELEVEN', 'struct:eleven', 'enum:five', 'typedef:five=seven'):
            with self.subTest(item):
                self.doubt(r'abi-extra\.tbl:7: include/linux/own\.h has no ', self.extract, item)

    def test_committed_facts_round_trip(self) -> None:
        groups = uapi_tables.read_groups(uapi_tables.GROUPS)
        extras = uapi_tables.read_extra(uapi_tables.EXTRA, groups)
        names = [arch.name for arch in tables.read_arches()]
        sources = 0
        for name, files in groups.items():
            path = uapi_tables.FACTS / f'{name}.tbl'
            facts = uapi_tables.read(path, names)
            by_arch = {arch: [fact for where, fact in facts if where in ('', arch)] for arch in names}
            headers = dict.fromkeys(files + [extra.file for extra in extras if extra.header == name])
            self.assertEqual(uapi_tables.write(tables.tree_of(path), list(headers), by_arch), path.read_text(), name)
            sources += sum(bool(fact.source) for _, fact in facts)
        self.assertGreater(sources, 190)


class Update(Case):
    """update in the life of a table."""

    def setUp(self) -> None:
        super().setUp()
        self.notes = {}
        patch = mock.patch.object(tables, 'read_arches', return_value=self.arches)
        patch.start()
        self.addCleanup(patch.stop)
        syscall_table.update(self.tree, self.table)
        self.before = self.table.read_text()

    def merge(self) -> tables.Table:
        return syscall_table.merge(tables.read_syscalls(self.table), self.read(), self.notes, self.table)

    def next_release(self) -> None:
        edit(self.tree / 'Makefile', 'PATCHLEVEL = 3\nSUBLEVEL = 4', 'PATCHLEVEL = 4\nSUBLEVEL = 0')

    def drop(self, name: str, table: str) -> None:
        path = self.tree / table
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if line.split()[2:3] != [name]]
        self.assertEqual(len(kept), len(lines) - 1)
        path.write_text(''.join(kept))

    def test_stable(self) -> None:
        syscall_table.update(self.tree, self.table)
        self.assertEqual(self.table.read_text(), self.before)
        self.assertTrue((self.directory / 'errno.tbl').exists())

    def test_round_trip(self) -> None:
        self.assertEqual(tables.write_syscalls(tables.read_syscalls(self.table)), self.before)

    def test_older_tree(self) -> None:
        edit(self.tree / 'Makefile', 'SUBLEVEL = 4', 'SUBLEVEL = 3')
        self.doubt(r'Makefile:1: Linux 7\.3\.3 is older than syscalls\.tbl, which is of 7\.3\.4', syscall_table.update, self.tree, self.table)
        edit(self.tree / 'Makefile', 'SUBLEVEL = 3\nEXTRAVERSION =', 'SUBLEVEL = 4\nEXTRAVERSION = -rc1')
        self.doubt('is older than', syscall_table.update, self.tree, self.table)
        self.assertEqual(self.table.read_text(), self.before)

    def test_dropped_row_stays(self) -> None:
        self.next_release()
        self.drop('umount2', 'arch/x86/entry/syscalls/syscall_64.tbl')
        table = self.merge()
        self.assertEqual(table.calls('x86_64')['umount2'].removed, '7.4')
        self.assertEqual(table.calls('aarch64')['umount2'].removed, '')
        self.assertEqual(set(table.calls('x86_64')), set(tables.read_syscalls(self.table).calls('x86_64')))
        tables.write_files({self.table: tables.write_syscalls(table)})
        self.assertIn('umount2\t166\t-\tremoved=7.4\tchar *name, int flags\n', self.table.read_text())
        edit(self.tree / 'Makefile', 'PATCHLEVEL = 4', 'PATCHLEVEL = 5')
        self.assertEqual(self.merge().calls('x86_64')['umount2'].removed, '7.4')

    def test_dropped_entry_stays(self) -> None:
        self.next_release()
        edit(self.tree / 'scripts/syscall.tbl', 'sys_umount', 'sys_ni_syscall')
        self.assertEqual(self.merge().calls('aarch64')['umount2'].removed, '7.4')

    def test_number_of_a_dropped_call_is_not_reused(self) -> None:
        self.next_release()
        edit(self.tree / 'arch/x86/entry/syscalls/syscall_64.tbl', 'umount2', 'unlink2')
        self.doubt(r'syscalls\.tbl:\d+: umount2 had number 166 on x86_64, which is unlink2 now', self.merge)

    def test_changed_number(self) -> None:
        self.next_release()
        edit(self.tree / 'scripts/syscall.tbl', '39\tcommon\tumount2', '40\tcommon\tumount2')
        self.doubt(r'umount2 changed its number on aarch64: 39, now 40', self.merge)

    def test_update_holds_the_tree_against_the_table(self) -> None:
        self.next_release()
        edit(self.tree / 'scripts/syscall.tbl', '39\tcommon\tumount2', '40\tcommon\tumount2')
        self.doubt('umount2 changed its number', syscall_table.update, self.tree, self.table)
        self.assertEqual(self.table.read_text(), self.before)

    def test_headers_of_another_release(self) -> None:
        (self.directory / 'linux').mkdir()
        path = self.directory / 'linux/version.h'
        for text in ('#define LINUX_VERSION_MAJOR 6\n#define LINUX_VERSION_PATCHLEVEL 3\n', '#define LINUX_VERSION_MAJOR 7\n'):
            path.write_text(text)
            self.doubt(r'version\.h:1: these are not the headers of Linux 7\.3\.4', syscall_table.types, self.tree, '7.3.4',
                       self.arches, self.directory)

    def test_changed_pointer_needs_a_note(self) -> None:
        self.next_release()
        edit(self.tree / 'fs/namespace.c', 'char __user *, name', 'const char __user *, name')
        edit(self.tree / 'include/linux/syscalls.h', 'sys_umount(char', 'sys_umount(const char')
        self.doubt(r'syscalls\.tbl:\d+: umount2\(char \*, int\) is now \(const char \*, int\): acknowledge it with changed=7\.4', self.merge)
        self.notes = {'umount2': call_notes.Note('umount2', {}, frozenset(), ('7.4',), 1)}
        self.assertEqual(str(self.merge().calls('x86_64')['umount2'].args[0]), 'const char *name')

    def take_more(self, args: str = ', unsigned long, mask') -> None:
        """umount2 of the next release."""
        count, declared = 2 + args.count(',') // 2, args.replace(', mask', ' mask').replace(', more', ' more')
        edit(self.tree / 'fs/namespace.c', 'SYSCALL_DEFINE2(umount, char __user *, name, int, flags)',
             f'SYSCALL_DEFINE{count}(umount, char __user *, name, int, flags{args})')
        edit(self.tree / 'include/linux/syscalls.h', 'sys_umount(char __user *name, int flags)', f'sys_umount(char __user *name, int flags{declared})')

    def forms(self, table: tables.Table, arch: str = 'x86_64') -> list[tuple[str, int, str, str]]:
        return [(row.name, row.numbers[arch], row.removed, ', '.join(map(str, row.args))) for row in table.forms(arch)['umount2']]

    def test_changed_registers_need_a_function(self) -> None:
        """What callers were compiled with stays, and what the kernel takes now has a function beside it."""
        self.next_release()
        self.take_more()
        self.doubt(r'syscalls\.tbl:\d+: umount2\(char \*, int\) is now \(char \*, int, unsigned long\): callers pass other registers, '
                   r'linux_umount2_7_4 is for these, and linux_umount2 stays: acknowledge it with changed=7\.4 in its note', self.merge)
        self.notes = {'umount2': call_notes.Note('umount2', {}, frozenset(), ('7.4',), 1)}
        table = self.merge()
        two = [('umount2', 166, '', 'char *name, int flags'), ('umount2_7_4', 166, '', 'char *name, int flags, unsigned long mask')]
        self.assertEqual(self.forms(table), two)
        self.assertEqual([number for _, number, _, _ in self.forms(table, 'aarch64')], [39, 39])
        said = syscall_table.difference(tables.read_syscalls(self.table), table)
        self.assertEqual(said, 'System calls, Linux 7.3.4 to 7.4.0:\n\n* Changed: umount2 (x86_64 166, aarch64 39)\n'
                         '    was umount2(char *name, int flags)\n    now umount2(char *name, int flags, unsigned long mask)\n')
        text = tables.write_syscalls(table)
        self.assertIn('\numount2_7_4\t166\t39\tcall=umount2\tchar *name, int flags, unsigned long mask\n', text)
        self.table.write_text(text)
        self.assertEqual(tables.write_syscalls(tables.read_syscalls(self.table)), text)
        self.assertIn('no change', syscall_table.difference(tables.read_syscalls(self.table), self.read()))
        # The same tree again, and the next of the release.
        self.notes = {}
        edit(self.tree / 'Makefile', 'SUBLEVEL = 0', 'SUBLEVEL = 1')
        self.assertEqual(tables.write_syscalls(self.merge()), text.replace('7.4.0', '7.4.1'))

    def test_registers_that_change_again(self) -> None:
        self.next_release()
        self.take_more()
        self.notes = {'umount2': call_notes.Note('umount2', {}, frozenset(), ('7.4', '7.10', '8.0'), 1)}
        self.table.write_text(tables.write_syscalls(self.merge()))
        edit(self.tree / 'fs/namespace.c', 'unsigned long, mask', 'u32, mask')
        edit(self.tree / 'include/linux/syscalls.h', 'unsigned long mask', 'u32 mask')
        self.doubt('the second time in 7.4: begin with the table of the release before', self.merge)
        edit(self.tree / 'Makefile', 'PATCHLEVEL = 4', 'PATCHLEVEL = 10')
        self.table.write_text(tables.write_syscalls(self.merge()))
        names = ['umount2', 'umount2_7_4', 'umount2_7_10']
        self.assertEqual([name for name, *_ in self.forms(tables.read_syscalls(self.table))], names)
        # Dropped, all of them are; and what a later architecture has is what the others have.
        edit(self.tree / 'Makefile', 'PATCHLEVEL = 10', 'PATCHLEVEL = 11')
        previous = tables.read_syscalls(self.table)
        for row in previous.rows:
            row.numbers.pop('aarch64', None)
        previous.rows[:] = [row for row in previous.rows if row.numbers]
        previous.arches.remove('aarch64')
        merged = syscall_table.merge(previous, self.read(), self.notes, self.table)
        self.assertEqual([(name, number) for name, number, _, _ in self.forms(merged, 'aarch64')], [(name, 39) for name in names])
        self.drop('umount2', 'arch/x86/entry/syscalls/syscall_64.tbl')
        self.assertEqual([(name, removed) for name, _, removed, _ in self.forms(self.merge())], [(name, '7.11') for name in names])
        self.assertEqual({removed for _, _, removed, _ in self.forms(self.merge(), 'aarch64')}, {''})

    def test_errno_values_do_not_change(self) -> None:
        self.next_release()
        edit(self.tree / 'include/uapi/asm-generic/errno.h', 'ENOSYS\t\t38', 'ENOSYS\t\t39')
        self.doubt(r'errno\.tbl:1: ENOSYS was 38, and is 39 in Linux 7\.4\.0', syscall_table.update, self.tree, self.table)
        edit(self.tree / 'include/uapi/asm-generic/errno.h', '#define\tENOSYS\t\t39', '//')
        self.doubt(r'ENOSYS was 38, and is gone', syscall_table.update, self.tree, self.table)
        self.assertEqual(self.table.read_text(), self.before)

    def test_errno_of_a_newer_tree_stays(self) -> None:
        self.next_release()
        syscall_table.update(self.tree, self.table)
        edit(self.tree / 'Makefile', 'PATCHLEVEL = 4', 'PATCHLEVEL = 3')
        self.doubt(r'errno\.tbl:1: is of Linux 7\.4\.0, newer than 7\.3\.0', syscall_table.update, self.tree, self.directory / 'other.tbl')
        self.assertFalse((self.directory / 'other.tbl').exists())

    def test_noreturn_stays(self) -> None:
        self.next_release()
        edit(self.tree / 'arch/x86/entry/syscalls/syscall_64.tbl', '\tnoreturn', '')
        self.doubt(r'syscalls\.tbl:\d+: exit is noreturn, which no table of the kernel says now', self.merge)

    def test_new_name_of_an_argument_is_no_change(self) -> None:
        self.next_release()
        edit(self.tree / 'kernel/exit.c', 'error_code', 'code')
        self.assertEqual(str(self.merge().calls('x86_64')['exit'].args[0]), 'int code')

    def test_difference(self) -> None:
        self.next_release()
        self.drop('umount2', 'arch/x86/entry/syscalls/syscall_64.tbl')
        self.drop('stat', 'arch/x86/entry/syscalls/syscall_64.tbl')
        edit(self.tree / 'kernel/exit.c', '/* end */', 'SYSCALL_DEFINE1(late, u64, when)\n')
        edit(self.tree / 'include/linux/syscalls.h', '/* end */', 'asmlinkage long sys_late(u64 when);')
        path = self.tree / 'scripts/syscall.tbl'
        path.write_text(path.read_text() + '500\tcommon\tlate\tsys_late\n')
        path = self.tree / 'fs/namespace.c'
        text = syscall_table.difference(tables.read_syscalls(self.table), self.merge())
        self.assertEqual(text, (GOLDEN / 'difference').read_text())
        same = tables.read_syscalls(self.table)
        self.assertEqual(syscall_table.difference(same, same), 'System calls, Linux 7.3.4 to 7.3.4: no change\n')


class Readers(Case):
    """Tables that people or accidents broke."""

    def check(self, reader, good: str, *bad: tuple[str, str, str]) -> None:
        path = self.directory / 'table'
        path.write_text(good)
        reader(path)
        for old, new, reason in bad:
            with self.subTest(reason=reason):
                self.assertEqual(good.count(old), 1)
                path.write_text(good.replace(old, new))
                self.doubt(rf'table:\d+: {reason}', reader, path)
        path.unlink()
        self.doubt(r'table:1: No such file', reader, path)

    def test_syscalls(self) -> None:
        self.check(tables.read_syscalls, (GOLDEN / 'syscalls.tbl').read_text(),
                   ('# Linux 7.3.4', '# Linux seven', 'the first line is not'),
                   ('#call\tx86_64\taarch64', '#name\tx86_64\taarch64', 'expected the line of columns'),
                   ('exit\t60\t93\tnoreturn', 'exit\t60\t93', '4 columns, not 5'),
                   ('exit\t60\t93\tnoreturn', 'exit\t6o\t93\tnoreturn', "not a number: '6o'"),
                   ('exit\t60\t93\tnoreturn', 'exit\t-\t-\tnoreturn', 'exit has no number'),
                   ('exit\t60\t93\tnoreturn', 'exit\t60\t93\treturn', "unknown mark 'return'"),
                   ('exit\t60\t93\tnoreturn', 'zexit\t60\t93\tnoreturn', 'fadvise64 is not in order, it follows zexit'),
                   ('exit\t60\t93\tnoreturn', 'exit\t166\t93\tnoreturn', '166 stands in line'),
                   ('fadvise64\t-\t', 'fadvise64_7_4\t221\t', r'221 stands in line'),
                   ('exit\t60\t93\tnoreturn', 'exit\t60\t93\tcall=ex', r'exit is not named ex_<major>_<minor>'),
                   ('exit\t60\t93\tnoreturn', 'exit_7_4\t60\t93\tcall=exit', r'exit with number 60 on x86_64 does not stand above'),
                   ('int error_code', 'int', "not an argument: 'int'"),
                   ('int error_code', 'int class', "'class' cannot be the name"),
                   ('int error_code', 'int a, int a', "'a' cannot be the name"),
                   ('int error_code', ', '.join(f'int a{n}' for n in range(7)), '7 arguments: a system call has 6 at most'),
                   ('exit\t60', 'exit\t٣', "not a number: '٣'"))

    def test_notes(self) -> None:
        self.check(call_notes.read_notes, '# x\n#call x86_64 glibc musl marks\nexit 1.0 - - noreturn changed=7.4\nread 1.0 2.0 0.5.0\n',
                   ('#call x86_64 glibc', '#name x86_64 glibc', 'expected the line of columns'),
                   ('glibc musl', 'musl glibc', 'expected the line of columns'),
                   ('read 1.0', 'exit 1.0', 'exit has a note in line 3 already'),
                   ('read 1.0', 'close 1.0', 'close is not in order, it follows exit'),
                   ('read 1.0 2.0', 'read 1.0', 'expected a call and 3 releases'),
                   ('read 1.0', 'read 1.x', "'1.x' is not a kernel release"),
                   ('read 1.0', 'read 6.5.1', "'6.5.1' is not a kernel release"),
                   ('2.0', 'two', "'two' is not a release of glibc"),
                   ('noreturn', 'returns', "unknown mark 'returns'"))

    def test_caveats(self) -> None:
        path = self.directory / 'notes.tbl'
        good = ('#call x86_64 glibc musl marks\nsync 1.0 2.0 0.5.0\n\tsummary: Write\n\tcategory: file\n\treturns: zero\n'
                '\tcaveat: It waits.\n\tcaveat: Not for ever.\n')
        rows = [tables.Row('sync', {'x86_64': 162}, ())]
        path.write_text(good)
        note = call_notes.read_notes(path)['sync']
        self.assertEqual(note.caveat, ('It waits.', 'Not for ever.'))
        call_notes.check_details(rows, note, path)
        path.write_text(good.replace('ever.', 'ever'))
        self.doubt(r"notes.tbl:2: sync: a caveat is a sentence: 'Not for ever'", call_notes.check_details, rows, call_notes.read_notes(path)['sync'], path)
        path.write_text(good.replace('0.5.0', '0.5.0 obsolete').replace('It waits.', 'syncfs has taken its place.') + '\treplaced-by: syncfs\n')
        self.doubt(r'notes.tbl:2: sync: replaced-by says that already', call_notes.check_details, rows, call_notes.read_notes(path)['sync'], path)
        path.write_text(good + '\tsummary: Write\n')
        self.doubt(r"notes.tbl:8: sync has 'summary' already", call_notes.read_notes, path)

    def test_marks_that_need_another(self) -> None:
        path = self.directory / 'notes.tbl'
        good = ('#call x86_64 glibc musl marks\nsync 1.0 2.0 0.5.0 obsolete no-error\n\tsummary: Write\n\tcategory: file\n\treturns: zero\n'
                '\treplaced-by: syncfs\nsyncfs 2.6.39 2.14 0.9.0\n')
        table = tables.Table('7.3.4', ['x86_64'], [tables.Row('sync', {'x86_64': 162}, ()), tables.Row('syncfs', {'x86_64': 306}, ())])

        def check() -> None:
            notes = call_notes.read_notes(path)
            call_notes.check_notes(table, notes, path, path)
            call_notes.check_details(table.rows[:1], notes['sync'], path)
        path.write_text(good)
        self.assertEqual(call_notes.read_notes(path)['sync'].replaced_by, 'syncfs')
        check()
        for old, new, reason in (('by: syncfs', 'by: syncall', r"notes.tbl:2: sync is replaced by 'syncall', which is no call of x86_64"),
                                 ('by: syncfs', 'by: sync', 'notes.tbl:2: sync: only another call replaces one, and that is obsolete'),
                                 ('obsolete ', '', 'only another call replaces one, and that is obsolete'),
                                 ('by: syncfs', 'by: syncfs\n\treplaced-by: sync', "notes.tbl:7: sync has 'replaced-by' already"),
                                 ('replaced-by', 'replaced_by', "'syncfs' says nothing about an argument"),
                                 ('no-error', 'noreturn no-error', 'what never returns')):
            with self.subTest(new):
                path.write_text(good.replace(old, new).replace('returns: zero', 'returns: never' if 'noreturn' in new else 'returns: zero'))
                self.doubt(reason, check)

    def test_uses(self) -> None:
        path = self.directory / 'notes.tbl'
        head = '#call x86_64 glibc musl marks\ncall 1.0 2.0 0.5.0\n\tsummary: Write\n\tcategory: file\n\treturns: bytes\n'
        rows = [tables.Row('call', {'x86_64': 1}, tuple(tables.Arg(*arg) for arg in (
            ('char *', 'text'), ('unsigned long *', 'mask'), ('int *', 'size'), ('unsigned long', 'most'), ('int', 'fd'))))]
        good = ['text: out bytes=*size written=result', 'mask: out bits=most-1 nullable', 'size: inout', 'fd: fd closed']

        def check(uses: list[str]) -> None:
            path.write_text(head + ''.join(f'\t{use}\n' for use in uses))
            call_notes.check_details(rows, call_notes.read_notes(path)['call'], path)

        for count in ('bytes=most', 'bytes=most/page', 'bytes=most-1', 'bytes=8', 'string'):
            check([f'text: out {count}', *good[1:]])
        check(good)
        for use, wrong, reason in (
                (0, 'text: out bytes=*most', r"'text' is counted by '\*most', which is unsigned long"),
                (0, 'text: out bytes=size', r"'text' is counted by 'size', which is int \*"),
                (0, 'text: out', "'text' is char \\*, neither a string nor counted"),
                (0, 'text: out bytes=most-2', "'bytes=most-2' says nothing about an argument"),
                (1, 'mask: out bits=least-1', "'mask' is counted by 'least', which is no other argument"),
                (1, 'mask: out bits=mask-1', "'mask' is counted by 'mask', which is no other argument"),
                (1, 'mask: nullable', "'mask' is a pointer without a direction"),
                (2, 'size: in written=result', "'size' is written as the result says, which it does not say"),
                (3, 'fd: out', "'fd' is int, which has no direction"),
                (3, 'of: fd', "'of' is no argument")):
            with self.subTest(wrong):
                self.doubt(reason, check, [*good[:use], wrong, *good[use + 1:]])

    def test_what_is_written(self) -> None:
        path = self.directory / 'notes.tbl'
        rows = [tables.Row('read', {'x86_64': 0}, (tables.Arg('unsigned int', 'fd'), tables.Arg('char *', 'buf'), tables.Arg('size_t', 'count')))]
        good = 'out bytes=count header=8 written=result only=positive'

        def check(path: Path) -> None:
            call_notes.check_details(rows, call_notes.read_notes(path)['read'], path)
        for use, reason in ((good, ''), ('out bytes=count written=.size', ''), ('out bytes=count written=28 only=failure', ''),
                            (good.replace('header=8', 'header=0'), "notes.tbl:6: 'header=0' says nothing about an argument"),
                            (good.replace('positive', 'zero'), "'only=zero' says nothing about an argument"),
                            (good.replace('=result', '=count'), "'written=count' says nothing about an argument"),
                            (good + ' only=failure', "'only=failure' says nothing about an argument"),
                            (good.replace('out', 'in'), "'buf' is written as the result says, which it does not say"),
                            ('in bytes=count written=28', "notes.tbl:2: read: 'buf' is not written"),
                            ('in bytes=count only=positive', "'buf' is not written"),
                            ('out string header=8', "'buf' has a header, and nothing is counted after it")):
            path.write_text(f'#call x86_64 glibc musl marks\nread 1.0 2.0 0.5.0\n\tsummary: Read\n\tcategory: io\n\treturns: bytes\n\tbuf: {use}\n')
            with self.subTest(use):
                if reason:
                    self.doubt(reason, check, path)
                else:
                    check(path)

    def test_libc(self) -> None:
        self.check(tables.read_libc, '# x\nsched.h - int getcpu(unsigned int *cpu, unsigned int *node) = getcpu(cpu, node, 0)\n'
                   '- - pid_t gettid(void)\n- libkeyutils long keyctl(int op, ...)\n- - void *map(unsigned long addr)\n',
                   ('- - pid_t', '- pid_t', 'not a header, a library and a prototype'),
                   ('gettid(void)', 'gettid(void', 'not a header, a library and a prototype'),
                   ('gettid', 'getcpu', 'getcpu stands in line 2 already'),
                   ('gettid', 'a', 'a is not in order, it follows getcpu'),
                   ('node, 0', 'nodes, 0', "getcpu passes on 'nodes', which is no argument and no number"),
                   ('int op', 'int', "not an argument: 'int'"))

    def test_libc_against_the_table(self) -> None:
        table = tables.Table('7.3.4', ['x86_64'], [tables.Row('read', {'x86_64': 0}, (
            tables.Arg('unsigned int', 'fd'), tables.Arg('char *', 'buf'), tables.Arg('size_t', 'count')))])
        path = self.directory / 'libc.tbl'
        for text, reason in (('ssize_t read(int fd, void *buf, size_t count)', ''),
                             ('ssize_t read(int fd, void *buf, size_t n) = read(fd, buf, 5)', ''),
                             ('ssize_t reads(int fd, void *buf)', 'reads is no system call'),
                             ('ssize_t read(int fd, void *buf)', 'read gives read 2 of its 3 arguments'),
                             ('ssize_t read(int a, void *b, size_t c, int d)', 'read gives read 4 of its 3 arguments'),
                             ('ssize_t read(void *buf, int fd, size_t count)', "read passes 'buf' as unsigned int fd"),
                             ('ssize_t read(int fd, long buf, size_t count)', r"read passes 'buf' as char \*buf")):
            path.write_text(f'- - {text}\n')
            with self.subTest(text):
                if reason:
                    self.doubt(reason, emit_libc.check, tables.read_libc(path), table, path)
                else:
                    emit_libc.check(tables.read_libc(path), table, path)

    def test_errno(self) -> None:
        self.check(tables.read_errno, '# x\nEPERM\t1\nEAGAIN\t11\nEWOULDBLOCK\tEAGAIN\n',
                   ('EPERM\t1\n', 'EPERM 1\n', 'not an errno and its value'),
                   ('EPERM\t1\n', 'EAGAIN\t1\n', 'EAGAIN is there already'),
                   ('EAGAIN\t11\n', '', 'EWOULDBLOCK is EAGAIN, which is not above it'))

    def test_shared(self) -> None:
        self.check(tables.read_shared, '# x\niovec sys/uio.h\ntimespec time.h __kernel_timespec\n',
                   ('iovec', 'io-vec', 'not a tag'), (' sys/uio.h', '', 'not a tag, a header'), ('time.h ', '', 'not a tag, a header'), ('iovec', '__kernel_timespec', '__kernel_timespec is there already'))

    def test_facts(self) -> None:
        self.check(lambda path: uapi_tables.read(path, ['x86_64']),
                   '# x\nstruct one 8 4\t# fs/one.c:5\n\t0\tint\tx\n\t32:3\tint\ty\nmacro TWO 2 @x86_64\t# fs/two.h:6\n'
                   'enum -\n\tTHREE\t3\n',
                   ('fs/one.c:5', 'fs/one.c', "not a file and a line: 'fs/one.c'"),
                   ('fs/two.h:6', 'fs/two.h:six', "not a file and a line: 'fs/two.h:six'"),
                   ('@x86_64', '@vax', "no architecture 'vax'"),
                   ('one 8 4', 'one 8', "not a fact: 'struct one 8'"),
                   ('32:3', '32-3', 'not a member'),
                   ('\tTHREE\t3', '\tTHREE\tthree', 'not an enumerator'))

    def test_abi(self) -> None:
        path = self.directory / 'none'
        self.assertEqual(tables.read_abi(path), {})
        symbol = 'LINUX_3.2 long linux_a(int)\n'
        first = f'# x\n# liblinux 7.3.0\n{symbol}'
        path.write_text(first)
        sealed = f'{first}# liblinux 7.3.1, {tables.read_abi(path).seal()}\nLINUX_7.3 long linux_b(void)\n'
        path.write_text(sealed)
        self.assertEqual(tables.read_abi(path).versions, {'7.3.0': ['linux_a'], '7.3.1': ['linux_b']})
        for text, reason in (('# liblinux 7.3.0\nLINUX_3.2 linux_read\n', ':2: not a node and a declaration'),
                             ('# liblinux 7.3.0\nOTHER_3.2 long linux_a(int)\n', ':2: not a node and a declaration'),
                             (symbol, ":1: a symbol above the first '# liblinux <version>'"),
                             (first + symbol, ':4: linux_a is there already'),
                             (sealed + symbol, ':6: linux_a is there already'),
                             (first + '# liblinux 7.3.0\n', ':4: 7.3.0 is not newer than 7.3.0'),
                             (first + '# liblinux 7.2.9\n', ':4: 7.2.9 is not newer than 7.3.0'),
                             (first + '# liblinux 7.4.0\n', ':4: the symbols above are not those that were released'),
                             (sealed.replace('(int)', '(long)'), ':4: the symbols above are not those that were released'),
                             (sealed.replace('LINUX_3.2', 'LINUX_3.3'), ':4: the symbols above are not those that were released'),
                             (sealed.replace(symbol, ''), ':3: the symbols above are not those that were released'),
                             (sealed.replace(symbol, symbol + symbol.replace('_a', '_c')), ':5: the symbols above are not those that were released')):
            with self.subTest(text):
                path.write_text(text)
                self.doubt(reason, tables.read_abi, path)

    def test_version(self) -> None:
        self.check(tables.read_version, '7.3.0\n', ('7.3.0', '7.3', "'7.3' is not <release>.<count>"))

    def test_news(self) -> None:
        self.check(lambda path: tables.read_date(('7', '3', '0'), path), 'liblinux 7.3.0 for Linux 7.3, November 21, 2026\n',
                   ('7.3.0', '7.3.1', "the first line is not 'liblinux 7.3.0 for Linux 7.3,"),
                   ('Linux 7.3', 'Linux 7.4', 'the first line is not'),
                   ('November 21, 2026', '2026-11-21', 'the first line is not'))

    def test_fragment(self) -> None:
        good = '.\\" see-also: linux_read namespaces(7)\n.Sh DESCRIPTION\nOne.\n.Sh ERRORS\nTwo.\n'
        self.check(lambda path: tables.read_fragment(path, {'table', 'read'}), good,
                   ('linux_read', 'linux_reed', "'linux_reed' is no call and no page"),
                   ('.Sh DESCRIPTION\n', 'Text.\n.Sh DESCRIPTION\n', "text before the first section: 'Text.'"),
                   ('.Sh DESCRIPTION\nOne.\n', '', 'no DESCRIPTION'),
                   ('ERRORS', 'FAULTS', "'FAULTS' is no section of a call"),
                   ('Two.\n', 'Two.\n.Sh ERRORS\n', 'ERRORS is not in order, it follows ERRORS'),
                   ('ERRORS\n', 'ERRORS\n.Sh RETURN VALUES\n', 'RETURN VALUES is not in order, it follows ERRORS'))
        path = self.directory / 'reed.mdoc'
        path.write_text(good)
        self.doubt('reed.mdoc:1: reed is no call', tables.read_fragments, {'read'}, self.directory)

    def test_arches(self) -> None:
        path = self.directory / 'arch/riscv64/arch.ini'
        path.parent.mkdir(parents=True)
        self.doubt('no architecture', tables.read_arches, self.directory / 'arch/riscv64')
        for text, reason in (('[arch]\n', "condition"), ('x', 'no section headers'), ('[arch]\ncondition=1\nkernel=k\nconfig=\naudit=A\nfloor=x\n', 'not a kernel release')):
            path.write_text(text)
            self.doubt(rf'arch\.ini:\d+: .*{reason}', tables.read_arches, self.directory / 'arch')

    def test_notes_against_the_table(self) -> None:
        table = tables.read_syscalls(GOLDEN / 'syscalls.tbl')
        since = {arch: '3.0' for arch in table.arches}
        good = {row.name: call_notes.Note(row.name, {arch: '3.0' for arch in table.arches if row.name in table.calls(arch)}, frozenset(), (), 7)
                for row in table.rows}
        call_notes.check_notes(table, good)
        for name, note, reason in (
                ('exit', None, r'syscalls\.tbl:\d+: exit has no note in notes\.tbl'),
                ('later', call_notes.Note('later', since, frozenset(), (), 9), r'notes\.tbl:9: later is no call of syscalls\.tbl'),
                ('exit', call_notes.Note('exit', {'x86_64': '1.0'}, frozenset(), (), 9), 'exit has no release for aarch64'),
                ('exit', call_notes.Note('exit', {**since, 'x86_64': '7.4'}, frozenset(), (), 9), r'exit since 7\.4: the table is of 7\.3'),
                ('stat', call_notes.Note('stat', since, frozenset(), (), 9), 'stat is no call of aarch64')):
            with self.subTest(reason=reason):
                changed = {**good, name: note}
                self.doubt(reason, call_notes.check_notes, table, {key: value for key, value in changed.items() if value})


class CommandLine(Case):
    def setUp(self) -> None:
        super().setUp()
        self.tool = TOP / 'gen/syscall_table.py'

    def of_two(self) -> None:
        """A copy of the tool that has the architectures of the small tree."""
        copy = self.directory / 'of-two'
        shutil.copytree(TOP / 'gen', copy / 'gen', ignore=shutil.ignore_patterns('__pycache__'))
        for name in ('x86_64', 'aarch64'):
            shutil.copytree(TOP / 'src/arch' / name, copy / 'src/arch' / name)
        self.tool = copy / 'gen/syscall_table.py'

    def run_tool(self, *arguments: str, status: int, line: str = '') -> str:
        result = subprocess.run([sys.executable, str(self.tool), *arguments], text=True, capture_output=True, timeout=60)
        self.assertEqual(result.returncode, status, result.stderr)
        if status == 1:
            self.assertRegex(result.stderr, rf'\A{line}\n\Z')
        elif status:
            self.assertRegex(result.stderr, line)
        self.assertNotIn('Traceback', result.stderr)
        return result.stdout

    def test_bad_input(self) -> None:
        self.run_tool(status=2, line='usage')
        self.run_tool('emit', 'nothing.h', 'x86_64', '-', status=2, line="no output 'nothing.h': there are")
        self.run_tool('emit', 'syscalls.h', 'vax', '-', status=2, line="no architecture 'vax': there are x86_64")
        self.run_tool('emit', 'syscalls.h', 'x86_64', '/nonexistent/file', status=1, line='/nonexistent/file:1: cannot write: .*')
        self.run_tool('emit', 'wrappers', 'x86_64', '/nonexistent', status=1, line='/nonexistent/.*:1: cannot write: .*')
        self.run_tool('update', str(self.directory / 'none'), status=1, line=r'.*Makefile:1: No such file or directory')
        self.of_two()
        self.run_tool('update', str(self.tree), '--table', '/nonexistent/table', status=1, line='/nonexistent/table:1: cannot write: .*')
        self.run_tool('diff', str(self.directory / 'none'), str(self.tree), status=1, line=r'.*none:1: No such file or directory')

    def test_what_is_no_file_is_not_replaced(self) -> None:
        real = self.directory / 'real'
        real.write_text('x')
        link, fifo = self.directory / 'link', self.directory / 'fifo'
        link.symlink_to(real)
        os.mkfifo(fifo)
        self.run_tool('emit', 'version.h', 'x86_64', str(link), status=0)
        self.assertTrue(link.is_symlink())
        self.assertIn('LIBLINUX_VERSION', real.read_text())
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)     # a reader that nobody writes to gets nothing, and does not wait
        self.addCleanup(os.close, reader)
        self.run_tool('emit', 'version.h', 'x86_64', str(fifo), status=0)
        self.assertEqual(os.read(reader, 65536).decode(), real.read_text())
        self.assertTrue(fifo.is_fifo())
        before = real.stat()
        self.run_tool('emit', 'version.h', 'x86_64', str(real), status=0)
        self.assertEqual(real.stat().st_mtime_ns, before.st_mtime_ns)       # the same text is not written again

    def test_emit_holds_the_tables_against_each_other(self) -> None:
        copy = self.directory / 'copy'
        for name in ('gen', 'include', 'src'):
            shutil.copytree(TOP / name, copy / name, ignore=shutil.ignore_patterns('__pycache__'))
        shutil.copy(TOP / 'VERSION', copy)
        table = tables.read_syscalls()
        row = next(row for row in table.rows if row.name == 'exit')
        line = (TOP / 'gen/syscalls.tbl').read_text().splitlines()[row.line - 1]
        arch = Path('src/arch/x86_64')

        def emit_copy() -> subprocess.CompletedProcess:
            return subprocess.run([sys.executable, str(copy / 'gen/syscall_table.py'), 'emit', 'version.h', 'aarch64', '-'],
                                  text=True, capture_output=True, timeout=60)
        self.assertEqual((emit_copy().returncode, emit_copy().stderr), (0, ''))
        for name, old, new, reason in (
                ('gen/syscalls.tbl', line, line.replace('int error_code', 'long error_code'),
                 rf'syscalls\.tbl:{row.line}: long linux_exit\(long\) is frozen as long linux_exit\(int\)'),
                ('gen/syscalls.tbl', line, line.replace('int error_code', 'new_t error_code'), rf"syscalls\.tbl:{row.line}: unknown type 'new_t'"),
                (arch / 'abi.list', ' linux_exit(', ' linux_exits(', r'abi\.list:\d+: (linux_exits is no call of syscalls\.tbl any more: .*|the symbols above are not those that were released: .*)'),
                ('gen/notes.tbl', '\nread ', '\nrea ', r'syscalls\.tbl:\d+: read has no note in notes\.tbl'),
                ('gen/errno.tbl', f'# Linux {table.tree}\n', '# Linux 6.12.1\n', r'errno\.tbl:1: is of Linux 6\.12\.1, syscalls\.tbl of .*'),
                ('VERSION', table.release + '.', '6.1.', r'VERSION:1: 6\.1\.0 is not of Linux .*'),
                (arch / 'abi.list', f'# liblinux {table.release}.', '# liblinux 99.1.', r'VERSION:1: \S+ is older than 99\.1\.\d+ of src/arch/x86_64/abi\.list'),
                (arch / 'nothing.S', '', '\n', r'nothing\.S:1: nothing is no call of x86_64, and no function of functions.ini')):
            with self.subTest(reason=reason):
                path = copy / name
                text = path.read_text() if path.exists() else ''
                self.assertIn(old, text)
                path.write_text(text.replace(old, new, 1))
                said = emit_copy()
                path.write_text(text) if text else path.unlink()
                self.assertEqual((said.returncode, said.stdout), (1, ''))
                self.assertRegex(said.stderr, rf'\A.*{reason}\n\Z')

    def test_output_that_cannot_be_written(self) -> None:
        tool = f'{sys.executable} {TOP / "gen/syscall_table.py"} emit syscalls.h x86_64 -'
        for redirection in ('>&-', '>/dev/full'):
            result = subprocess.run(f'{tool} {redirection}', shell=True, text=True, capture_output=True)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r'\Astandard output:1: .*\n\Z')

    def test_nothing_half_written(self) -> None:
        self.of_two()
        (self.directory / 'out').mkdir()
        (self.directory / 'out/errno.tbl').mkdir()
        self.run_tool('update', str(self.tree), '--table', str(self.directory / 'out/syscalls.tbl'), status=1, line=r'.*errno\.tbl:1: cannot write: .*')
        self.assertEqual(os.listdir(self.directory / 'out'), ['errno.tbl'])

    def test_update_into_a_new_table(self) -> None:
        self.of_two()
        self.run_tool('update', str(self.tree), '--table', str(self.table), status=0)
        self.assertEqual(self.table.read_text(), (GOLDEN / 'syscalls.tbl').read_text())
        self.assertEqual((self.directory / 'errno.tbl').read_text(), (GOLDEN / 'errno.tbl').read_text())
        self.assertIn('no change', self.run_tool('diff', str(self.table), str(self.tree), status=0))


class Outputs(unittest.TestCase):
    """The emitters on the committed tables."""

    def test_stable(self) -> None:
        for arch in tables.read_arches():
            for name in [*emit.OUTPUTS, 'write.c']:
                with self.subTest(arch=arch.name, name=name):
                    self.assertEqual(emit.output(name, emit.load(arch.name)), emit.output(name, emit.load(arch.name)))

    def test_headers_do_not_depend_on_the_architecture(self) -> None:
        for name in ('arch.h', 'error.h', 'syscalls.h', 'version.h'):
            self.assertEqual(len({emit.output(name, emit.load(arch.name)) for arch in tables.read_arches()}), 1, name)

    def test_locale_and_hash_seed(self) -> None:
        texts = set()
        for seed, locale in (('0', 'C'), ('1', 'C.UTF-8'), ('2', 'POSIX')):
            environment = {**os.environ, 'PYTHONHASHSEED': seed, 'LC_ALL': locale}
            texts.add(subprocess.run([sys.executable, str(TOP / 'gen/syscall_table.py'), 'emit', 'syscalls.h', 'x86_64', '-'],
                                     env=environment, capture_output=True, check=True).stdout)
        self.assertEqual(len(texts), 1)

    def test_readme(self) -> None:
        """Its first paragraph has the release, and the calls of each architecture."""
        table = tables.read_syscalls()
        said = ' '.join((TOP / 'README.md').read_text().split('\n\n')[1].split())
        self.assertIn(f'Linux **{table.release}**', said)
        for arch in table.arches:
            count = sum(not rows[0].removed for rows in table.forms(arch).values())
            self.assertRegex(said, rf'\b{count}( calls)? on {arch}\b')

    def test_goldens(self) -> None:
        table = tables.read_syscalls()
        text = ''
        for name in ('clone', 'fadvise64', 'mmap', 'sendfile', 'stat', 'umount2', 'uname'):
            for arch in ('x86_64', 'aarch64'):
                row = table.calls(arch).get(name)
                text += f'{arch}: {row.numbers[arch]} {emit.prototype(row, tables.read_shared())}\n' if row else f'{arch}: no {name}\n'
        self.assertEqual(text, (GOLDEN / 'prototypes').read_text())

    def test_golden_page(self) -> None:
        table = tables.read_syscalls(GOLDEN / 'syscalls.tbl')
        row, shared = table.calls('x86_64')['clone'], {}
        note = call_notes.Note(
            'clone', {'x86_64': '3.3', 'aarch64': '3.7'}, frozenset({'blocks'}), (), 1, {'glibc': '2.0'}, 'Make a process', 'process',
            'pid', ('SMP',), ('CAP_SYS_ADMIN', 'CAP_KILL'), 'clone', ('Takes a \\ and more words than fit into a line of eighty characters of text. .So.',),
            {'newsp': call_notes.Use('address', flags=frozenset({'nullable'})),
             'parent_tidptr': call_notes.Use('out', 'elements', 'clone_flags', 'result', frozenset({'nullable', 'retained'}), 8, 'positive'),
             'child_tidptr': call_notes.Use('inout', written='.size', only='interrupted'),
             'clone_flags': call_notes.Use('out', written='28', only='failure'),
             'tls': call_notes.Use(flags=frozenset({'dirfd'}))})
        fragment = tables.Fragment({'DESCRIPTION': 'Makes one.\n', 'EXAMPLES': 'None.\n', 'ERRORS': 'Many.\n', 'CAVEATS': 'One.\n'}, ('fork',), (('7', 'namespaces'),))
        libc = {'clone': tables.LibcName('clone', '', '', 'int', (), False, 'clone', (), 1)}
        text = ''
        for fragments in ({}, {'clone': fragment}):
            facts = emit_man.Facts(table, {'clone': note}, libc, shared, arches_of_mini(), emit_uapi.Uapi({}, {}, frozenset(), ()),
                                   fragments, {'clone'}, '7.3.0', 'November 21, 2026')
            text += emit_man.call([one for one in table.rows if one.name == row.name], facts)
        self.assertEqual(text, (GOLDEN / 'pages').read_text())

    def test_pages_of_people(self) -> None:
        facts = emit_man.Facts(None, {}, {}, {}, [], None, {}, set(), '7.3.0', 'November 21, 2026')
        source = '.Dd @DATE@\n.Nm linux_one ,\n.Nm linux_two\n.Nd x\n.Os @VERSION@\n'
        self.assertEqual(emit_man.written({'linux_one.3': source}, facts), {
            'linux_one.3': '.Dd November 21, 2026\n.Nm linux_one ,\n.Nm linux_two\n.Nd x\n.Os 7.3.0\n',
            'linux_two.3': '.so man3/linux_one.3\n'})
        with self.assertRaisesRegex(tables.Doubt, "linux_one.3:5: '@VERSIONS@' is none of DATE, VERSION"):
            emit_man.written({'linux_one.3': source.replace('VERSION', 'VERSIONS')}, facts)

    def test_frozen_symbols_do_not_move(self) -> None:
        facts = emit.load('x86_64')
        row = facts.calls()['cachestat']
        note = facts.notes['cachestat']
        facts.notes['cachestat'] = call_notes.Note(note.name, {**note.since, 'x86_64': '6.4'}, note.marks, (), note.line)
        self.assertEqual(emit.symbol(row, facts).node, 'LINUX_6.5')
        facts.abi['x86_64'].clear()
        self.assertEqual(emit.symbol(row, facts).node, 'LINUX_6.4')

    def test_struct_without_facts(self) -> None:
        """How much a call writes is known, or the line of its note is."""
        facts = emit.load('x86_64')
        facts.notes['never'] = dataclasses.replace(facts.notes['cachestat'], name='never', line=7, uses={'out': call_notes.Use('out')})
        facts.table.rows.append(tables.Row('never', {'x86_64': 999}, (tables.Arg('struct never *', 'out'),)))
        with self.assertRaisesRegex(tables.Doubt, r'notes\.tbl:7: never: nothing says how large struct never is'):
            emit.output('msan.h', facts)

    def test_list_only_grows(self) -> None:
        """A later version has the lines of those before it, whatever is known better since, and adds its own."""
        facts = emit.load('x86_64')
        before = emit.abi_list(facts)
        self.assertEqual(before, (TOP / 'src/arch/x86_64/abi.list').read_text())
        note = facts.notes['cachestat']
        facts.notes['cachestat'] = dataclasses.replace(note, since={**note.since, 'x86_64': '6.4'})
        facts.notes['never'] = dataclasses.replace(note, name='never', since={'x86_64': '99.1'})
        facts.table.rows.append(tables.Row('never', {'x86_64': 999}, (tables.Arg('u64', 'when'),)))
        later = emit.abi_list(dataclasses.replace(facts, version=('99', '1', '0')))
        seal = facts.abi['x86_64'].seal()
        self.assertEqual(later, f'{before}\n# liblinux 99.1.0, {seal}\nLINUX_99.1 long linux_never(unsigned long long)\n')
        path = Path(tempfile.mkdtemp()) / 'abi.list'
        self.addCleanup(shutil.rmtree, path.parent)
        path.write_text(later)
        facts.abi['x86_64'] = tables.read_abi(path)
        self.assertEqual(emit.abi_list(dataclasses.replace(facts, version=('99', '1', '0'))), later)
        nothing = emit.abi_list(dataclasses.replace(facts, version=('99', '1', '1')))
        self.assertEqual(nothing, f'{later}\n# liblinux 99.1.1, {facts.abi["x86_64"].seal()}\n')
        for since, version in (('99.1', '99.1.1'), ('98.0', '99.2.0')):
            facts.notes['later'] = dataclasses.replace(note, name='later', since={'x86_64': since})
            facts.table.rows.append(tables.Row('later', {'x86_64': 1000}, ()))
            with self.assertRaisesRegex(tables.Doubt, rf'linux_later cannot come with liblinux {version}: LINUX_{since} was released without it'):
                emit.abi_list(dataclasses.replace(facts, version=tuple(version.split('.'))))
            facts.table.rows.pop()

    def test_frozen_prototypes_do_not_change(self) -> None:
        facts = emit.load('x86_64')
        abi = dict(facts.abi['x86_64'])

        def check() -> None:
            emit.check_abi(facts.table, facts.functions, facts.notes, facts.shared, 'x86_64', abi)
        check()
        for declaration, reason in (('long linux_read(int, char *, unsigned long)', 'is frozen as long linux_read'),
                                    ('long linux_read(unsigned int, const char *, unsigned long)', 'is frozen as long linux_read')):
            abi['linux_read'] = tables.Symbol('LINUX_3.2', declaration, 5)
            with self.assertRaisesRegex(tables.Doubt, reason):
                check()
        note = facts.notes['read']
        facts.notes['read'] = call_notes.Note(note.name, note.since, note.marks, ('7.4',), note.line)
        check()         # what the pointer points to, acknowledged
        abi['linux_gone'] = tables.Symbol('LINUX_3.2', 'long linux_gone(void)', 9)
        with self.assertRaisesRegex(tables.Doubt, r'abi\.list:9: linux_gone is no call of syscalls\.tbl any more'):
            check()

    def test_functions(self) -> None:
        """What is not a call: its files, node, declaration and architectures."""
        path = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, path)
        (path / 'arch/x86_64').mkdir(parents=True)
        (path / 'arch/x86_64/one.S').touch()
        (path / 'both.c').touch()
        text = ('[linux_both]\nsource = both.c\nheader = both.h\nprototype = int *linux_both(struct clone_args *, int (*)(void))\ncomment = Text\n'
                '[linux_one]\nsource = one.S\nheader = syscalls.h\nprototype = void linux_one(void)\ncomment =\n Line\n Other\n')
        file = path / 'functions.ini'

        def read() -> list[tables.Function]:
            return tables.read_functions(tables.read_arches(), file, path)
        file.write_text(text)
        facts = emit.load('x86_64')
        facts.functions[:] = read()
        facts.abi['x86_64'].clear()
        self.assertIn('\nsrc/both.c\nsrc/arch/x86_64/one.S\n', emit.calls(facts))
        release = facts.table.release
        self.assertRegex(emit.map_file(facts), rf'\nLIBLINUX_{release} \{{\nglobal:\n\tlinux_both;\n\tlinux_one;\n\}} LINUX_\d+\.\d+;\n')
        self.assertIn(f'\nLIBLINUX_{release} int *linux_both(struct linux_clone_args *, int (*)(void))\n', emit.abi_list(facts))
        header = emit.syscalls_h(facts)
        self.assertIn('#if defined(__x86_64__) && defined(__LP64__)\n/*\n * Line\n * Other\n */\nvoid linux_one(void);\n#define linux_one linux_one\n', header)
        self.assertNotIn('linux_both', header)
        self.assertEqual([list(function.sources) for function in read()], [[arch.name for arch in tables.read_arches()], ['x86_64']])

        facts.abi['x86_64'].update({'linux_one': tables.Symbol('LIBLINUX_7.2', 'void linux_one(int)', 5)})
        self.assertEqual(emit.symbols(facts)['linux_one'].node, 'LIBLINUX_7.2')

        def check() -> None:
            emit.check_abi(facts.table, facts.functions, facts.notes, facts.shared, 'x86_64', facts.abi['x86_64'])
        with self.assertRaisesRegex(tables.Doubt, r'functions\.ini:6: void linux_one\(void\) is frozen as void linux_one\(int\)'):
            check()
        facts.functions.pop()
        with self.assertRaisesRegex(tables.Doubt, r'abi\.list:5: linux_one is no function of functions\.ini any more'):
            check()

        for old, new, reason in (('both.c', 'gone.c', r':1: linux_both: no gone\.c in src'),
                                 ('one.S', 'one.txt', r':6: linux_one: no one\.txt'),
                                 ('header = both.h\n', '', r':1: linux_both: header is missing or unknown'),
                                 ('header = both.h\n', 'header = both.h\nodd = 1\n', r':1: linux_both: odd is missing or unknown'),
                                 ('void linux_one(void)', 'void linux_other(void)', ':6: not a prototype of linux_one'),
                                 ('[linux_both]', '[both]', ':1: not a prototype of both'),
                                 ('[linux_one]', '[linux_both]', ':6: '),
                                 ('comment = Text', 'comment', ':5: ')):
            with self.subTest(new=new), self.assertRaisesRegex(tables.Doubt, r'functions\.ini' + reason):
                file.write_text(text.replace(old, new))
                read()

    def test_floor(self) -> None:
        nodes = {arch.name: list(emit.nodes(emit.load(arch.name))) for arch in tables.read_arches()}
        self.assertEqual((nodes['x86_64'][0], nodes['aarch64'][0]), ('LINUX_3.2', 'LINUX_3.7'))
        for names in nodes.values():
            self.assertEqual(names, sorted(names, key=lambda node: tables.release(node.partition('_')[2])))

    def test_version_of_another_release(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / 'VERSION'
            path.write_text('6.1.0\n')
            keep, tables.VERSION = tables.VERSION, path
            self.addCleanup(setattr, tables, 'VERSION', keep)
            read = tables.read_version
            self.addCleanup(setattr, tables, 'read_version', read)
            tables.read_version = lambda: read(path)
            with self.assertRaisesRegex(tables.Doubt, r'VERSION:1: 6\.1\.0 is not of Linux'):
                emit.load('x86_64')

    def test_removed_call_is_emitted(self) -> None:
        facts = emit.load('x86_64')
        rows = [tables.Row(row.name, row.numbers, row.args, row.noreturn, '7.4', row.line) if row.name == 'ustat' else row
                for row in facts.table.rows]
        facts.table.rows[:] = rows
        self.assertIn('/* Removed in Linux 7.4. Obsolete. linux_statfs takes its place. */\nlong linux_ustat(', emit.syscalls_h(facts))
        self.assertIn('linux_ustat;', emit.map_file(facts))
        self.assertIn('ustat.c', emit.wrappers(facts))


if __name__ == '__main__':
    tap.main()
