/* SPDX-License-Identifier: MIT */
/*
 * A library to preload. Counts a program's allocations from the start of its main, and fails the
 * one that FAILALLOC_AT names (from 1) or, if FAILALLOC_ON is set, that one and all later ones.
 * When the program ends, writes their number to the file FAILALLOC_LOG. Allocations of the C
 * library, for example in strdup() and asprintf(), count. Those of other libraries, such as TLS, do
 * not: their behaviour without memory is not tested here.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RANGES_MAX 64

/* The code whose allocations count. */
static struct range {
	ElfW(Addr) from, to;
} ranges[RANGES_MAX];
static size_t range_count;
static unsigned long count, fail_at;
static bool armed, all_from_there;
static int (*real_main)(int, char **, char **);

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);

static int take_range(struct dl_phdr_info *info, size_t size, void *context)
{
	static const char *const names[] = {"/libjansson.", "/libcurl", "/libc.so", "/libasan",
					    "/libubsan"};
	/* The first entry is the program, and has no name. */
	bool desired = !*info->dlpi_name;

	(void)size;
	(void)context;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		desired |= strstr(info->dlpi_name, names[i]) != NULL;
	for (int i = 0; desired && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		ElfW(Addr) from = info->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_LOAD && header->p_flags & PF_X && range_count < RANGES_MAX)
			ranges[range_count++] = (struct range){from, from + header->p_memsz};
	}
	return 0;
}

/* Whether this call must fail. */
static bool fails(const void *caller)
{
	ElfW(Addr) address = (ElfW(Addr))caller;

	for (size_t i = 0; armed && i < range_count; i++) {
		if (address < ranges[i].from || address >= ranges[i].to)
			continue;
		count++;
		if (!fail_at || (all_from_there ? count < fail_at : count != fail_at))
			return false;
		errno = ENOMEM;
		return true;
	}
	return false;
}

void *malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(number, size);
}

void *realloc(void *pointer, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(pointer, size);
}

static void write_log(void)
{
	const char *path = getenv("FAILALLOC_LOG");
	int descriptor;

	armed = false;
	descriptor = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	if (descriptor >= 0) {
		(void)dprintf(descriptor, "%lu\n", count);
		(void)close(descriptor);
	}
}

static int armed_main(int argc, char **argv, char **environment)
{
	const char *at = getenv("FAILALLOC_AT");

	/* The program would load it only when needed. */
	(void)dlopen("libcurl.so.4", RTLD_LAZY);
	(void)dl_iterate_phdr(take_range, NULL);
	fail_at = at ? strtoul(at, NULL, 10) : 0;
	all_from_there = getenv("FAILALLOC_ON") != NULL;
	(void)atexit(write_log);
	armed = true;
	return real_main(argc, argv, environment);
}

/* The C library calls this with the address of main. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*loader_fini)(void), void *stack);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*loader_fini)(void), void *stack)
{
	__typeof__(&__libc_start_main) next;

	*(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = main;
	return next(armed_main, argc, argv, init, fini, loader_fini, stack);
}
