/* SPDX-License-Identifier: MIT */
#include "model/terms.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* isalnum() depends on the locale. */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* RFC 1035, 2.3.4. */
#define LABEL_MAX 63

const char *const swk_balance_words[] = {
	[SWK_ROUND_ROBIN] = "round_robin",
	[SWK_LEAST_CONN] = "least_conn",
	[SWK_IP_HASH] = "ip_hash",
	[SWK_RANDOM_TWO] = "random two",
	[SWK_BALANCES] = NULL,
};

bool swk_balance_has_backups(enum swk_balance balance)
{
	return balance == SWK_ROUND_ROBIN || balance == SWK_LEAST_CONN;
}

/* Without strspn(), which builds a table on each call: a file has thousands of names. */
static bool is_of_name(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

bool swk_name_part_valid(const char *part)
{
	size_t length = 0;

	while (length <= SWK_NAME_MAX && is_of_name(part[length]))
		length++;
	return length > 0 && length <= SWK_NAME_MAX && !part[length];
}

bool swk_name_valid(const char *name)
{
	return swk_name_part_valid(name) && !strchr("._-", name[0]);
}

bool swk_name_is_internal(const char *name)
{
	return !strcmp(name, "consul") || !strcmp(name, SWK_FLEET_SERVICE);
}

bool swk_tag_valid(const char *tag)
{
	const char *value = strchr(tag, '=');
	char name[SWK_NAME_MAX + 1];

	if (!*tag)
		return true;
	if (!value || (size_t)(value - tag) >= sizeof(name))
		return false;
	memcpy(name, tag, (size_t)(value - tag));
	name[value - tag] = '\0';
	return swk_name_part_valid(name) && swk_name_part_valid(value + 1);
}

bool swk_name_is_host(const char *name)
{
	struct in_addr address;

	return inet_pton(AF_INET, name, &address) == 1 || !strcasecmp(name, "localhost");
}

bool swk_host_valid(const char *host)
{
	const char *label = host;

	if (strlen(host) > SWK_HOST_MAX || !strcasecmp(host, "unix"))
		return false;
	for (;; label++) {
		size_t length = strspn(label, LETTERS DIGITS "-");

		if (!length || length > LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
			return false;
		if (!label[length])
			return strchr(LETTERS, label[0]) != NULL;
		if (label[length] != '.')
			return false;
		label += length;
	}
}
