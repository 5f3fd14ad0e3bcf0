# SPDX-License-Identifier: MIT
"""A perfect hash over names, in C: what a table of calls could have in place of a binary search."""
from __future__ import annotations


def fnv(name: str) -> int:
    value = 0x811c9dc5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 & 0xffffffff
    return value


def place(value: int, step: int, slots: int) -> int:
    return (value ^ (value >> 15) + step * 0x9e3779b1 & 0xffffffff) * 0x85ebca6b % 2 ** 32 >> 32 - slots.bit_length() + 1


def displacements(names: list[str]) -> tuple[list[int], list[int]]:
    """For each bucket a step with which all its names have slots of their own; and what is in each slot."""
    slots = 1 << len(names).bit_length()
    buckets: list[list[int]] = [[] for _ in range(slots // 4)]
    values = [fnv(name) for name in names]
    for n, value in enumerate(values):
        buckets[value % len(buckets)].append(n)
    steps, taken = [0] * len(buckets), {}
    for bucket in sorted(range(len(buckets)), key=lambda bucket: -len(buckets[bucket])):
        for step in range(1 << 16):
            wanted = [place(values[n], step, slots) for n in buckets[bucket]]
            if len(set(wanted)) == len(wanted) and not taken.keys() & set(wanted):
                taken.update(zip(wanted, buckets[bucket]))
                steps[bucket] = step
                break
        else:
            raise ValueError('no perfect hash over these names')
    return steps, [taken.get(slot, len(names)) for slot in range(slots)]


def header(numbers: dict[str, int]) -> str:
    """perfect_hash(name) is the name's place in the order of names; numbers has them all in that order."""
    steps, slots = displacements(list(numbers))

    def array(values: list[int]) -> str:
        return ', '.join(map(str, values))

    return f'''\
enum {{ NAMES = {len(numbers)} }};
static const char *const names[] = {{ {', '.join(f'"{name}"' for name in numbers)} }};
static const long numbers_of[] = {{ {array(list(numbers.values()))} }};
static const unsigned short steps[] = {{ {array(steps)} }};
static const unsigned short slots[] = {{ {array(slots)} }};

static unsigned int perfect_hash(const char *name)
{{
	unsigned int value = 0x811c9dc5;

	while (*name)
		value = (value ^ (unsigned char)*name++) * 0x01000193;
	return slots[(value ^ ((value >> 15) + steps[value % {len(steps)}] * 0x9e3779b1u)) * 0x85ebca6b >> {32 - len(slots).bit_length() + 1}];
}}
'''
