/* SPDX-License-Identifier: MIT */
/* A key of a fleet with its value, as a request and as an acknowledgement: the key, and the bytes
 * of the value. What was read, written and read again is the same. */
#include "fuzz.h"

#include "consul/requests.h"

static void is_printable(const char *text)
{
	for (; *text; text++)
		fuzz_require(*text >= ' ' && *text <= '~', "a text has the byte %d", *text);
}

static void same_services(const struct swk_request *a, const struct swk_request *b)
{
	fuzz_require(a->service_count == b->service_count, "%zu services became %zu",
		     a->service_count, b->service_count);
	for (size_t i = 0; i < a->service_count; i++) {
		const struct swk_request_service *one = &a->services[i], *other = &b->services[i];

		fuzz_require(fuzz_is_name(one->name), "'%s' is not a name", one->name);
		fuzz_require(!strcmp(one->name, other->name) && one->live == other->live &&
				     one->without == other->without &&
				     !swk_server_compare(&one->server, &other->server),
			     "service %zu differs", i);
	}
}

static void try_request(const struct swk_value *value)
{
	struct swk_request first, second;
	struct swk_error error = {0};
	struct swk_buffer text;
	struct swk_value again = {.key = value->key};
	bool fits;

	fuzz_done(swk_request_decode(value, &first, &fits, &error), &error, "reading a request");
	if (!fits)
		return;
	fuzz_require(swk_request_id_valid(first.id), "the ID is '%s'", first.id);
	is_printable(first.by);
	if (first.trouble)
		is_printable(first.trouble);
	fuzz_require(!first.trouble || (!first.service_count && !first.all),
		     "an invalid request asks something");
	fuzz_require(first.service_count <= SWK_REQUEST_SERVICES_MAX, "too many services");
	swk_buffer_init(&text, SIZE_MAX / 2);
	fuzz_done(swk_request_encode(&text, &first, &error), &error, "writing a request");
	again.bytes = text.data;
	again.length = text.length;
	/* With all services, the text may be longer than what was read. */
	if (text.length <= SWK_REQUEST_BYTES_MAX) {
		fuzz_done(swk_request_decode(&again, &second, &fits, &error), &error,
			  "reading a request again");
		fuzz_require(fits && !second.trouble && first.all == second.all &&
				     first.since == second.since && !strcmp(first.id, second.id),
			     "another request");
		same_services(&first, &second);
		swk_request_free(&second);
	}
	swk_buffer_free(&text);
	swk_request_free(&first);
}

static void try_ack(const struct swk_value *value)
{
	struct swk_ack first, second;
	struct swk_error error = {0};
	struct swk_buffer text;
	struct swk_value again = {0};
	bool fits;
	char *key;

	fuzz_done(swk_ack_decode(value, &first, &fits, &error), &error, "reading an answer");
	if (!fits)
		return;
	is_printable(first.reason);
	is_printable(first.version);
	fuzz_require(swk_request_id_valid(first.id) && *first.node, "no ID, or no node");
	swk_buffer_init(&text, SIZE_MAX / 2);
	fuzz_done(swk_ack_encode(&text, &first, &error), &error, "writing an answer");
	key = swk_ack_key(first.node, first.id);
	fuzz_require(key, "no key");
	again = (struct swk_value){.key = key, .bytes = text.data, .length = text.length};
	fuzz_done(swk_ack_decode(&again, &second, &fits, &error), &error, "reading again");
	fuzz_require(fits && first.state == second.state && first.time == second.time &&
			     first.pending == second.pending && first.on_hold == second.on_hold &&
			     !strcmp(first.node, second.node) && !strcmp(first.id, second.id),
		     "another answer: %s", text.data);
	free(key);
	swk_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_text rest = {(const char *)data, size};
	const struct fuzz_text key = fuzz_next(&rest);
	char *name = strndup(key.data, key.length);
	const struct swk_value value = {.key = name, .bytes = rest.data, .length = rest.length};

	fuzz_require(name, "no memory");
	name[strcspn(name, "\n")] = '\0';
	try_request(&value);
	try_ack(&value);
	free(name);
	return 0;
}
