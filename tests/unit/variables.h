/* SPDX-License-Identifier: MIT */
/* The variables of Consul's tools: a test must not get those of its caller. */
#ifndef SWK_UNIT_VARIABLES_H
#define SWK_UNIT_VARIABLES_H

#include "unit.h"

static const char *const unit_variables[] = {
	"CONSUL_HTTP_ADDR",	  "CONSUL_HTTP_SSL",	    "CONSUL_HTTP_SSL_VERIFY",
	"CONSUL_CACERT",	  "CONSUL_CAPATH",	    "CONSUL_CLIENT_CERT",
	"CONSUL_CLIENT_KEY",	  "CONSUL_TLS_SERVER_NAME", "CONSUL_HTTP_AUTH",
	"CONSUL_NAMESPACE",	  "CONSUL_PARTITION",	    "CONSUL_HTTP_TOKEN",
	"CONSUL_HTTP_TOKEN_FILE", "CONSUL_INDEX",
};

/* Unsets all of them; for cmocka_unit_test_setup. */
static inline int unit_forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unit_variables); i++)
		(void)unsetenv(unit_variables[i]);
	return 0;
}

#endif
