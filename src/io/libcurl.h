/* SPDX-License-Identifier: MIT */
/*
 * Loads libcurl when it is first needed. With its dependencies, these are about thirty libraries.
 * Loading them would take most of the time of a run that makes no request.
 */
#ifndef SWK_IO_LIBCURL_H
#define SWK_IO_LIBCURL_H

#include <stdint.h>

#include <curl/curl.h>

#include "base/error.h"

/* The functions that swk-apply uses, without `curl_`. */
#define SWK_LIBCURL_FUNCTIONS(EACH)                                                                \
	EACH(easy_cleanup)                                                                         \
	EACH(easy_escape)                                                                          \
	EACH(easy_getinfo)                                                                         \
	EACH(easy_init)                                                                            \
	EACH(easy_setopt)                                                                          \
	EACH(easy_strerror)                                                                        \
	EACH(free)                                                                                 \
	EACH(global_cleanup)                                                                       \
	EACH(global_init)                                                                          \
	EACH(multi_add_handle)                                                                     \
	EACH(multi_cleanup)                                                                        \
	EACH(multi_info_read)                                                                      \
	EACH(multi_init)                                                                           \
	EACH(multi_perform)                                                                        \
	EACH(multi_poll)                                                                           \
	EACH(multi_remove_handle)                                                                  \
	EACH(slist_append)                                                                         \
	EACH(slist_free_all)                                                                       \
	EACH(url)                                                                                  \
	EACH(url_cleanup)                                                                          \
	EACH(url_get)                                                                              \
	EACH(url_set)                                                                              \
	EACH(version_info)

#define SWK_LIBCURL_MEMBER(name) __typeof__(&curl_##name) name;

struct swk_libcurl {
	SWK_LIBCURL_FUNCTIONS(SWK_LIBCURL_MEMBER)
	/* OPENSSL_init_crypto(3) of the OpenSSL that libcurl uses, or NULL. */
	int (*openssl_init)(uint64_t options, const void *settings);
};

/* Loads libcurl on the first call; it stays loaded. Returns NULL with the error set (SWK_INTERNAL)
 * if it can't be loaded, or is too old. */
const struct swk_libcurl *swk_libcurl(struct swk_error *error);

#endif
