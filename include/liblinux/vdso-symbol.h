/* SPDX-License-Identifier: MIT */
/*
 * linux_vdso_symbol() of <liblinux/vdso.h>, which includes this with LIBLINUX_INLINE.
 *
 * No offset, count or index of the image is believed: each is checked where it is used, by
 * liblinux_vdso_at() but for strings, and every loop goes forward or has an end. Sums may
 * wrap: what is checked is the offset that comes out.
 */
#ifndef LIBLINUX_VDSO_SYMBOL_H
#define LIBLINUX_VDSO_SYMBOL_H

#include <liblinux/arch.h>
#include <liblinux/uapi/elf.h>

struct liblinux_vdso {
	const unsigned char *start;
	unsigned long size;
	unsigned long strings, symbols, versions, definitions;	/* offsets */
};

/* Something at an offset, or NULL unless count of them, each of that size, are in the image. */
static __inline__ LIBLINUX_NO_INSTRUMENT const void *liblinux_vdso_at(const struct liblinux_vdso *image, unsigned long offset, unsigned long count,
					       unsigned long size, unsigned long alignment)
{
	if (offset % alignment || offset > image->size || count > (image->size - offset) / size)
		return 0;
	return image->start + offset;
}

#define LIBLINUX_VDSO_AT(image, offset, count, type) \
	((const type *)liblinux_vdso_at(image, offset, count, sizeof(type), __alignof__(type)))

/* Is this the text at that offset of the strings? */
static __inline__ LIBLINUX_NO_INSTRUMENT int liblinux_vdso_is(const struct liblinux_vdso *image, unsigned int offset, const char *text)
{
	unsigned long at;

	for (at = image->strings + offset; at < image->size; at++, text++) {
		if (image->start[at] != (unsigned char)*text)
			return 0;
		if (!*text)
			return 1;
	}
	return 0;
}

/* The hashes of the generic ABI and of DT_GNU_HASH. */
static __inline__ LIBLINUX_NO_INSTRUMENT unsigned int liblinux_vdso_hash(const char *text)
{
	unsigned int hash = 0;

	for (; *text; text++) {
		hash = (hash << 4) + (unsigned char)*text;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	return hash;
}

static __inline__ LIBLINUX_NO_INSTRUMENT unsigned int liblinux_vdso_gnu_hash(const char *text)
{
	unsigned int hash = 5381;

	for (; *text; text++)
		hash = hash * 33 + (unsigned char)*text;
	return hash;
}

/* Is a symbol of that version? Its number in DT_VERSYM is that of an entry of DT_VERDEF. */
static __inline__ LIBLINUX_NO_INSTRUMENT int liblinux_vdso_has_version(const struct liblinux_vdso *image, unsigned long symbol, const char *version)
{
	const unsigned short *number = LIBLINUX_VDSO_AT(image, image->versions + symbol * sizeof(*number), 1, unsigned short);
	const struct linux_Elf64_Verdaux *name;
	const struct linux_Elf64_Verdef *definition;
	unsigned long offset = image->definitions;

	if (!number)
		return 0;
	for (;;) {
		definition = LIBLINUX_VDSO_AT(image, offset, 1, struct linux_Elf64_Verdef);
		if (!definition)
			return 0;
		/* Bit 15 of a symbol says that it is not the default version. */
		if (definition->vd_ndx == (*number & 0x7fff)) {
			name = LIBLINUX_VDSO_AT(image, offset + definition->vd_aux, 1, struct linux_Elf64_Verdaux);
			return name && definition->vd_hash == liblinux_vdso_hash(version) && liblinux_vdso_is(image, name->vda_name, version);
		}
		if (!definition->vd_next)
			return 0;
		offset += definition->vd_next;
	}
}

/* The symbol's address as an offset, or 0 (the ELF header) if it is not the function that is looked for. */
static __inline__ LIBLINUX_NO_INSTRUMENT unsigned long liblinux_vdso_function(const struct liblinux_vdso *image, unsigned long symbol, unsigned long vaddr,
						       const char *name, const char *version)
{
	const struct linux_elf64_sym *entry = LIBLINUX_VDSO_AT(image, image->symbols + symbol * sizeof(*entry), 1, struct linux_elf64_sym);

	if (!entry || (entry->st_info & 0xf) != LINUX_STT_FUNC || entry->st_shndx == LINUX_SHN_UNDEF ||
	    (entry->st_info >> 4 != LINUX_STB_GLOBAL && entry->st_info >> 4 != LINUX_STB_WEAK) ||
	    entry->st_value - vaddr >= image->size ||
	    !liblinux_vdso_is(image, entry->st_name, name) || !liblinux_vdso_has_version(image, symbol, version))
		return 0;
	return entry->st_value - vaddr;
}

static __inline__ LIBLINUX_NO_INSTRUMENT void *liblinux_vdso_symbol(const void *start, unsigned long size, const char *name, const char *version)
{
	/* The kernel maps whole pages, none of them smaller than this. */
	struct liblinux_vdso image = { (const unsigned char *)start, size == ~0ul ? 4096 : size, -1ul, -1ul, -1ul, -1ul };
	const struct linux_elf64_phdr *segment, *load = 0, *dynamic = 0;
	const struct linux_elf64_hdr *header;
	const unsigned int *word;
	unsigned long gnu_hash = -1ul, hash = -1ul, base, chains, offset, symbol, found, i;
	unsigned int wanted;

	if (!start || (unsigned long)start % 8)
		return 0;
	header = LIBLINUX_VDSO_AT(&image, 0, 1, struct linux_elf64_hdr);
	if (!header || header->e_ident[0] != LINUX_ELFMAG0 || header->e_ident[1] != LINUX_ELFMAG1 ||
	    header->e_ident[2] != LINUX_ELFMAG2 || header->e_ident[3] != LINUX_ELFMAG3 ||
	    header->e_ident[LINUX_EI_CLASS] != LINUX_ELFCLASS64 || header->e_ident[LINUX_EI_DATA] != LINUX_ELFDATA2LSB ||
	    header->e_phentsize != sizeof(*segment))
		return 0;
	segment = LIBLINUX_VDSO_AT(&image, header->e_phoff, header->e_phnum, struct linux_elf64_phdr);
	if (!segment)
		return 0;
	for (i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type_ == LINUX_PT_LOAD && !segment[i].p_offset && !load)
			load = segment + i;
		if (segment[i].p_type_ == LINUX_PT_DYNAMIC)
			dynamic = segment + i;
	}
	if (!load || !dynamic)
		return 0;
	/* All that is looked at is in the first segment, where addresses are offsets but for this. */
	base = load->p_vaddr;
	if (size == ~0ul)
		image.size = load->p_filesz;

	for (offset = dynamic->p_vaddr - base, i = 0; i < dynamic->p_filesz / sizeof(struct linux_Elf64_Dyn); i++) {
		const struct linux_Elf64_Dyn *entry = LIBLINUX_VDSO_AT(&image, offset + i * sizeof(*entry), 1, struct linux_Elf64_Dyn);

		if (!entry || entry->d_tag == LINUX_DT_NULL)
			break;
		if (entry->d_tag == LINUX_DT_STRTAB)
			image.strings = entry->d_un.d_ptr - base;
		else if (entry->d_tag == LINUX_DT_SYMTAB)
			image.symbols = entry->d_un.d_ptr - base;
		else if (entry->d_tag == LINUX_DT_VERSYM)
			image.versions = entry->d_un.d_ptr - base;
		else if (entry->d_tag == LINUX_DT_VERDEF)
			image.definitions = entry->d_un.d_ptr - base;
		else if (entry->d_tag == LINUX_DT_HASH)
			hash = entry->d_un.d_ptr - base;
		else if (entry->d_tag == LINUX_DT_GNU_HASH)
			gnu_hash = entry->d_un.d_ptr - base;
	}

	/* Numbers of buckets, of the first symbol that is hashed, and of 8-byte words of the filter, its shift; filter, buckets, chains. */
	word = LIBLINUX_VDSO_AT(&image, gnu_hash, 4, unsigned int);
	if (word) {
		unsigned long buckets = word[0], first = word[1];

		if (!buckets)
			return 0;
		offset = gnu_hash + 16 + word[2] * 8ul;
		chains = offset + buckets * sizeof(*word);
		wanted = liblinux_vdso_gnu_hash(name);
		word = LIBLINUX_VDSO_AT(&image, offset + wanted % buckets * sizeof(*word), 1, unsigned int);
		if (!word || *word < first)
			return 0;
		/* A chain has a word for each symbol: its hash, but bit 0, which is set in the last. */
		for (symbol = *word; ; symbol++) {
			word = LIBLINUX_VDSO_AT(&image, chains + (symbol - first) * sizeof(*word), 1, unsigned int);
			if (!word)
				return 0;
			if ((*word | 1) == (wanted | 1)) {
				found = liblinux_vdso_function(&image, symbol, base, name, version);
				if (found)
					return (void *)(unsigned long)(image.start + found);
			}
			if (*word & 1)
				return 0;
		}
	}

	/* Numbers of buckets and of symbols; buckets, chains. */
	word = LIBLINUX_VDSO_AT(&image, hash, 2, unsigned int);
	if (!word || !word[0])
		return 0;
	chains = hash + 8 + word[0] * 4ul;
	offset = hash + 8 + liblinux_vdso_hash(name) % word[0] * 4ul;
	/* A chain gives the next symbol, 0 at the end. One that is longer than the image goes round in it. */
	for (i = 0; i < image.size / sizeof(struct linux_elf64_sym); i++) {
		word = LIBLINUX_VDSO_AT(&image, offset, 1, unsigned int);
		if (!word || !*word)
			return 0;
		found = liblinux_vdso_function(&image, *word, base, name, version);
		if (found)
			return (void *)(unsigned long)(image.start + found);
		offset = chains + *word * 4ul;
	}
	return 0;
}

#endif
