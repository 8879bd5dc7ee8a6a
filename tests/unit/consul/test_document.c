/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <unistd.h>

#include "base/deadline.h"
#include "consul/document.h"

/* ---- a sink that writes down what it is told ---- */

static const char *const healths[] = {"passing", "warning", "critical"};

static void write_tagged(void *context, const char *title, const struct swk_tagged *list,
			 size_t count, struct swk_error *error)
{
	for (size_t i = 0; i < count; i++)
		(void)swk_buffer_print(context, error, " %s:%s=%s:%.17g", title, list[i].name,
				       list[i].address, list[i].port);
}

static void write_pairs(void *context, const struct swk_pair *list, size_t count,
			struct swk_error *error)
{
	for (size_t i = 0; i < count; i++)
		(void)swk_buffer_print(context, error, " %s=%s", list[i].name, list[i].value);
}

/* What most instances of these tests have in common is not written. */
static void write_more(void *context, const struct swk_instance *instance, struct swk_error *error)
{
	if (*instance->address && strcmp(instance->node_address, "10.0.0.9") != 0)
		(void)swk_buffer_print(context, error, " node=%s", instance->node_address);
	write_tagged(context, "tagged", instance->tagged, instance->tagged_count, error);
	write_tagged(context, "node", instance->node_tagged, instance->node_tagged_count, error);
	write_pairs(context, instance->meta, instance->meta_count, error);
	if (instance->weight_passing != 1 || instance->weight_warning != 1)
		(void)swk_buffer_print(context, error, " weights=%u,%u", instance->weight_passing,
				       instance->weight_warning);
	if (instance->maintenance)
		(void)swk_buffer_print(context, error, " maintenance");
	if (instance->checked)
		(void)swk_buffer_print(context, error, " checked");
}

static int write_instance(void *context, const struct swk_instance *instance,
			  struct swk_error *error)
{
	(void)swk_buffer_print(context, error, "instance %zu %s %s@%s %s:%.17g", instance->number,
			       instance->service, instance->id, instance->node,
			       *instance->address ? instance->address : instance->node_address,
			       instance->port);
	for (size_t i = 0; i < instance->tag_count; i++)
		(void)swk_buffer_print(context, error, " [%s]", instance->tags[i]);
	write_more(context, instance, error);
	return swk_buffer_print(context, error, " %s%s\n", healths[instance->health],
				instance->proxy ? " proxy" : "");
}

static int write_service(void *context, const char *name, struct swk_error *error)
{
	return swk_buffer_print(context, error, "service %s\n", name);
}

static int write_key(void *context, const struct swk_key *key, struct swk_error *error)
{
	(void)swk_buffer_print(context, error, "key %zu %s", key->number, key->key);
	write_pairs(context, key->values, key->value_count, error);
	return swk_buffer_print(context, error, "%s%s\n", key->trouble ? ": " : "",
				key->trouble ? key->trouble : "");
}

static int write_unreadable(void *context, const char *service, const char *what,
			    const char *reason, struct swk_error *error)
{
	return swk_buffer_print(context, error, "unreadable %s: %s: %s\n",
				service ? service : "(unknown)", what, reason);
}

struct reading {
	struct swk_buffer told;
	struct swk_document_sink sink;
	struct swk_document *document;
	struct swk_error error;
};

/* Whether documents of keys are taken. */
enum keys { NO_KEYS, KEYS };

static void begin(struct reading *reading, enum keys keys)
{
	*reading = (struct reading){.sink = {.context = &reading->told,
					     .instance = write_instance,
					     .service = write_service,
					     .undecodable = write_unreadable,
					     .key = keys == KEYS ? write_key : NULL}};
	swk_buffer_init(&reading->told, SIZE_MAX / 2);
	(void)swk_buffer_add(&reading->told, "", 0, &reading->error);
	assert_int_equal(swk_document_open(&reading->document, &reading->sink, &reading->error), 0);
}

/* Gives the bytes in memory of just their length, so that a checker sees what is read beyond. */
static void feed(struct reading *reading, const char *data, size_t length)
{
	char *copy = malloc(length + 1);

	assert_non_null(copy);
	memcpy(copy + 1, data, length);
	if (!reading->error.status) {
		int status =
			swk_document_feed(reading->document, copy + 1, length, &reading->error);

		assert_int_equal(status, reading->error.status);
	}
	free(copy);
}

/* Ends the document, and returns all that was told and how it ended; the caller frees it. */
static char *end(struct reading *reading)
{
	static const char *const kinds[] = {"nothing", "service", "services", "checks", "keys"};
	struct swk_error ignored = {0};
	enum swk_document_kind kind;

	if (!reading->error.status && !swk_document_end(reading->document, &kind, &reading->error))
		(void)swk_buffer_print(&reading->told, &ignored, "ended: %s\n", kinds[kind]);
	else
		(void)swk_buffer_print(&reading->told, &ignored, "refused %d: %s\n",
				       reading->error.status, reading->error.text);
	swk_document_close(reading->document);
	return reading->told.data;
}

static char *read_either(const char *text, size_t length, enum keys keys)
{
	struct reading reading;

	begin(&reading, keys);
	feed(&reading, text, length);
	return end(&reading);
}

static char *read_document(const char *text, size_t length)
{
	return read_either(text, length, NO_KEYS);
}

/* ---- documents ---- */

#define NODE "\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\"}"
#define SERVICE(members) "\"Service\":{" members "}"
#define WEB "\"ID\":\"w1\",\"Service\":\"web\",\"Address\":\"10.0.0.1\",\"Port\":80"
#define PASSING "\"Checks\":[{\"Status\":\"passing\"}]"
#define INSTANCE "{" NODE "," SERVICE(WEB) "," PASSING "}"
#define CHECKS(checks) "\"Checks\":[" checks "]}"
#define CHECK(id, status, service)                                                                 \
	"{\"CheckID\":\"" id "\",\"Status\":\"" status "\",\"ServiceID\":\"" service "\"}"
#define OF(health, more) "instance 0 web w1@n1 10.0.0.1:80" more " " health "\n"
#define GOOD(number) "instance " #number " web w1@n1 10.0.0.1:80 passing\n"

struct document {
	const char *text;
	const char *told; /* all of it, or, of one that is refused, its end's beginning */
};

static const struct document good_documents[] = {
	{"[]", "ended: nothing\n"},
	{" \n[\t]\r\n ", "ended: nothing\n"},
	{"{}", "ended: services\n"},
	{"{ \"web\" : [ \"a\" , \"b,]}\" ] ,\n\"consul\":[]}\n",
	 "service web\nservice consul\nended: services\n"},
	{"{\"\\u0077eb\":[]}", "service web\nended: services\n"},
	{"{\"evil; } include /etc/passwd; #\":[]}",
	 "service evil; } include /etc/passwd; #\nended: services\n"},
	{"{\"a\\\"b\\\\\":[\"\\\\\"]}", "service a\"b\\\nended: services\n"},
	{"[" INSTANCE "]", GOOD(0) "ended: service\n"},
	{"[" INSTANCE ",\n" INSTANCE "]\n", GOOD(0) GOOD(1) "ended: service\n"},
	{"[{\"Node\":\"n1\",\"CheckID\":\"c\",\"Status\":\"passing\",\"ServiceName\":\"web\"},"
	 "{\"CheckID\":\"d\"}]",
	 "ended: checks\n"},
	/* one that shows nothing does not hide the kind of the next */
	{"[{}," INSTANCE "]",
	 "unreadable (unknown): instance 0 (line 1): it is no instance\n" GOOD(1) "ended: "
										  "service\n"},
	/* kinds mixed: the first that shows its kind decides */
	{"[" INSTANCE ",{\"CheckID\":\"c\"},7,\"x\",null,[]]",
	 GOOD(0) "unreadable (unknown): instance 1 (line 1): Service is no object\n"
		 "unreadable (unknown): instance 2 (line 1): Service is no object\n"
		 "unreadable (unknown): instance 3 (line 1): Service is no object\n"
		 "unreadable (unknown): instance 4 (line 1): Service is no object\n"
		 "unreadable (unknown): instance 5 (line 1): Service is no object\n"
		 "ended: service\n"},
	{"[{\"CheckID\":\"c\"}," INSTANCE "]", "ended: checks\n"},
	/* one that can't be decoded does not touch the others */
	{"[" INSTANCE ",\n{\"x\":\"\\ud800\"},\n{\"x\":\"\xff\"},\n" INSTANCE "]",
	 GOOD(0) "unreadable (unknown): instance 1 (line 2): invalid Unicode '\\uD800' near "
		 "'\"\\ud800\"'\n"
		 "unreadable (unknown): instance 2 (line 3): unable to decode byte 0xff near "
		 "'\"'\n" GOOD(3) "ended: service\n"},
	{"{\"a\\u0000b\":[],\"web\":[\"\\u0000\"],\"\":[],\"\\ud800\":[],\"\xff\":[],\"zoo\":[]}",
	 "unreadable (unknown): a service in the list: its name holds a NUL\n"
	 "service web\n"
	 "unreadable (unknown): a service in the list: its name is empty\n"
	 "unreadable (unknown): a service in the list: invalid Unicode '\\uD800' near "
	 "'\"\\ud800\"'\n"
	 "unreadable (unknown): a service in the list: unable to decode byte 0xff near '\"'\n"
	 "service zoo\nended: services\n"},
	{"{\"web\":[\"\\ud800\",\"\xff\"],\"zoo\":[1e400]}",
	 "service web\nservice zoo\nended: services\n"},
};

static const struct document bad_documents[] = {
	{"", "refused 65: the input is empty"},
	{" \n", "refused 65: the input is empty"},
	/* other watches */
	{" nul", "refused 65: line 1: this looks like null"},
	{"null\n", "refused 65: line 1: this looks like null, which a 'key'"},
	{"\n[{\"ID\":\"1\",\"Name\":\"deploy\",\"Payload\":null,\"LTime\":3}]",
	 "refused 65: line 2: this looks like the document of an 'event' watch"},
	{"[\n{\"LockIndex\":0,\"Key\":\"a\",\"Flags\":18446744073709551615,\"Value\":null}]",
	 "refused 65: line 2: this looks like the document of a 'keyprefix' watch"},
	{"[{\"ID\":\"1\",\"Node\":\"n1\",\"Address\":\"10.0.0.1\"}]",
	 "refused 65: line 1: this looks like the document of a 'nodes' watch"},
	{"{\"Key\":\"a\",\"Value\":\"YQ==\"}",
	 "refused 65: line 1: this looks like the document of a 'key' watch"},
	{"{\"LockIndex\":0,\"Key\":\"a\"}",
	 "refused 65: line 1: this looks like the document of a 'key' watch"},
	{"{\"web\":[],\n\"api\":\n{}}",
	 "service web\nrefused 65: line 3: this looks like an object that is no list of services"},
	{"{\"web\":\"a\"}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":7}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":null}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":1e400}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":\"\\ud800\"}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":{\"\\u0000\":1}}", "refused 65: line 1: this looks like an object"},
	/* nothing that is an instance */
	{"[{}]", "unreadable (unknown): instance 0 (line 1): it is no instance\n"
		 "refused 65: this looks like an array without one instance or check among its 1"},
	{"[7,\"a\",[]]", NULL},
	/* no JSON */
	{"x", "refused 65: line 1, byte 1: this is not a watch's JSON: an array or an object "
	      "should stand here, not x"},
	{"\xef\xbb\xbf[]", "refused 65: line 1, byte 1: this is not a watch's JSON: an array or "
			   "an object should stand here, not \\xef"},
	{"\"web\"", "refused 65: line 1, byte 1"},
	{"7", "refused 65: line 1, byte 1"},
	{"]", "refused 65: line 1, byte 1"},
	{"[\n,]", "refused 65: line 2, byte 3: this is not a watch's JSON: an instance or ']'"},
	{"[" INSTANCE ",]", GOOD(0) "refused 65: line 1, byte 147: this is not a watch's JSON: an "
				    "instance should stand here, not ]"},
	{"[" INSTANCE "\n" INSTANCE "]",
	 GOOD(0) "refused 65: line 2, byte 147: this is not a watch's JSON: ',' or ']' should "
		 "stand here, not {"},
	{"[" INSTANCE "}", GOOD(0) "refused 65: line 1, byte 146"},
	{"[1 2]", NULL},
	{"{,}", "refused 65: line 1, byte 2: this is not a watch's JSON: a name or '}'"},
	{"{web:[]}", "refused 65: line 1, byte 2"},
	{"{\"web\" []}", "refused 65: line 1, byte 8: this is not a watch's JSON: ':'"},
	{"{\"web\":}", "refused 65: line 1, byte 8: this is not a watch's JSON: a value"},
	{"{\"web\":[] \"a\":[]}", "service web\nrefused 65: line 1, byte 11"},
	{"{\"web\":[],}", "service web\nrefused 65: line 1, byte 11: this is not a watch's JSON: a "
			  "name should"},
	{"{\"web\":[]]", "service web\nrefused 65: line 1, byte 10"},
	/* framed well, and no JSON within */
	{"[\n{\"a\":1,\n\"b\" 2}]", "refused 65: line 3, byte 15: this is not JSON"},
	{"[" INSTANCE ",\n{]}]", GOOD(0) "refused 65: line 2, byte 1"},
	{"[{\"a\":tru}]", "refused 65: line 1, byte 9: this is not JSON"},
	{"[tru]", "refused 65: line 1, byte 4: this is not JSON"},
	{"[01]", "refused 65: line 1"},
	{"[1\"a\"]", "refused 65: line 1"},
	{"{\"web\":[}", "refused 65: line 1"},
	{"{\"w\teb\":[]}", "refused 65: line 1"},
	{"{\"w\\xeb\":[]}", "refused 65: line 1"},
	/* text after the end */
	{"[]x", "refused 65: line 1, byte 3: this is not a watch's JSON: the end should stand"},
	{"[]\n\n[]", "refused 65: line 3, byte 5"},
	{"{}{}", "refused 65: line 1, byte 3"},
	{"[" INSTANCE "]]", GOOD(0) "refused 65: line 1, byte 147"},
};

/* What is read where keys are taken. */
static const struct document good_keys[] = {
	/* as Consul 1.8.7 says it */
	{"[{\"Key\":\"upstreams/api/10.0.0.3:81\",\"CreateIndex\":34,\"ModifyIndex\":34,"
	 "\"LockIndex\":0,\"Flags\":0,\"Value\":\"eyJ3ZWlnaHQiOjEsImJhY2t1cCI6MX0=\","
	 "\"Session\":\"\"},\n{\"Key\":\"upstreams/web/10.0.0.1:80\",\"Flags\":"
	 "18446744073709551615,\"Value\":\"eyJ3ZWlnaHQiOjIsIm1heF9mYWlscyI6MiwiZmFpbF90aW1lb3V0Ijo"
	 "xMCwiZG93biI6MH0=\"},{\"Key\":\"upstreams/web/10.0.0.2:80\",\"Value\":null}]\n",
	 "key 0 upstreams/api/10.0.0.3:81 weight=1 backup=1\n"
	 "key 1 upstreams/web/10.0.0.1:80 weight=2 max_fails=2 fail_timeout=10 down=0\n"
	 "key 2 upstreams/web/10.0.0.2:80\nended: keys\n"},
	{"[{\"LockIndex\":0,\"Key\":\"a\"}]", "key 0 a\nended: keys\n"},
	/* one that can't be read does not touch the others */
	{"[{\"Key\":\"a\"},\n{\"Value\":null},{\"Key\":7},{\"Key\":null},{\"Key\":\"\"},"
	 "{\"Key\":\"a\\u0000b\"},\n{\"Key\":\"\\ud800\"},7,null,[],{\"CheckID\":\"c\"}," INSTANCE
	 ",{\"Key\":\"b\"}]",
	 "key 0 a\n"
	 "unreadable (unknown): key 1 (line 2): it has no Key\n"
	 "unreadable (unknown): key 2 (line 2): Key is no string\n"
	 "unreadable (unknown): key 3 (line 2): it has no Key\n"
	 "unreadable (unknown): key 4 (line 2): it has no Key\n"
	 "unreadable (unknown): key 5 (line 2): Key holds a NUL\n"
	 "unreadable (unknown): key 6 (line 3): invalid Unicode '\\uD800' near '\"\\ud800\"'\n"
	 "unreadable (unknown): key 7 (line 3): it has no Key\n"
	 "unreadable (unknown): key 8 (line 3): it has no Key\n"
	 "unreadable (unknown): key 9 (line 3): it has no Key\n"
	 "unreadable (unknown): key 10 (line 3): it has no Key\n"
	 "unreadable (unknown): key 11 (line 3): it has no Key\n"
	 "key 12 b\nended: keys\n"},
	{"[{},{\"Key\":\"b\"}]",
	 "unreadable (unknown): instance 0 (line 1): it is no instance\nkey 1 b\nended: keys\n"},
	/* the kind is the first's that shows one */
	{"[" INSTANCE ",{\"Key\":\"a\"}]",
	 GOOD(0) "unreadable (unknown): instance 1 (line 1): Service is no object\n"
		 "ended: service\n"},
	/* of nothing */
	{"[]", "ended: nothing\n"},
	{"null", "ended: nothing\n"},
	{" \t\r\n null \r\n\t", "ended: nothing\n"},
};

#define TAKES "'service', 'services', 'checks' or 'keyprefix' watch\n"

static const struct document bad_keys[] = {
	{"", "refused 65: the input is empty; swk-apply takes the document of a " TAKES},
	{"\n{\"Key\":\"a\",\"Value\":\"YQ==\"}",
	 "refused 65: line 2: this looks like the document of a 'key' watch; swk-apply takes the "
	 "document of a " TAKES},
	{"[{\"LTime\":3}]", TAKES},
	{"[{}]", TAKES},
	{"[{\"Key\":\"a\"}", "key 0 a\nrefused 65: line 1: the document is cut off"},
	{"[{\"Key\":\"a\"}]]", "key 0 a\nrefused 65: line 1, byte 14: this is not a watch's JSON: "
			       "the end"},
	{"[{\"Key\":\"a\"},{\"Key\":tru}]",
	 "key 0 a\nrefused 65: line 1, byte 23: this is not JSON"},
	/* almost null */
	{"n", "refused 65: line 1: the document is cut off after 1 bytes"},
	{" nul", "refused 65: line 1: the document is cut off after 4 bytes"},
	{"nul ", "refused 65: line 1, byte 4: this is not a watch's JSON: null should stand here, "
		 "not \\x20"},
	{"\nnu\nll", "refused 65: line 2, byte 4: this is not a watch's JSON: null should stand"},
	{"nulL", "refused 65: line 1, byte 4: this is not a watch's JSON: null should stand here"},
	{"nullx", "refused 65: line 1, byte 5: this is not a watch's JSON: the end should stand"},
	{"null\n,", "refused 65: line 2, byte 6: this is not a watch's JSON: the end should"},
	{"null null", "refused 65: line 1, byte 6"},
	{"null[]", "refused 65: line 1, byte 5"},
	{"Null", "refused 65: line 1, byte 1"},
};

static void good(const struct document *document, enum keys keys)
{
	char *told = read_either(document->text, strlen(document->text), keys);

	unit_same(document->text, told, document->told);
	free(told);
}

static void bad(const struct document *document, enum keys keys)
{
	char *told = read_either(document->text, strlen(document->text), keys);

	unit_says(document->text, told, document->told ? document->told : "refused 65");
	free(told);
}

static void documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		good(&good_documents[i], NO_KEYS);
	for (size_t i = 0; i < COUNT(bad_documents); i++)
		bad(&bad_documents[i], NO_KEYS);
}

static void documents_of_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_keys); i++)
		good(&good_keys[i], KEYS);
	for (size_t i = 0; i < COUNT(bad_keys); i++)
		bad(&bad_keys[i], KEYS);
}

/* Who takes keys takes the others as before. */
static void documents_where_keys_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		good(&good_documents[i], KEYS);
}

/* However the bytes come, what is told is the same. */
static void split_anywhere(const char *text, enum keys keys)
{
	size_t length = strlen(text);
	char *whole = read_either(text, length, keys), *parted;
	struct reading reading;

	for (size_t first = 0; first <= length; first++) {
		begin(&reading, keys);
		feed(&reading, text, first);
		feed(&reading, text + first, length - first);
		parted = end(&reading);
		unit_same(text, parted, whole);
		free(parted);
	}
	begin(&reading, keys);
	for (size_t i = 0; i < length; i++)
		feed(&reading, text + i, 1);
	parted = end(&reading);
	unit_same(text, parted, whole);
	free(parted);
	free(whole);
}

static void documents_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		split_anywhere(good_documents[i].text, NO_KEYS);
	for (size_t i = 0; i < COUNT(bad_documents); i++)
		split_anywhere(bad_documents[i].text, NO_KEYS);
	for (size_t i = 0; i < COUNT(good_keys); i++)
		split_anywhere(good_keys[i].text, KEYS);
	for (size_t i = 0; i < COUNT(bad_keys); i++)
		split_anywhere(bad_keys[i].text, KEYS);
}

static void cut_short(const char *text, enum keys keys)
{
	size_t length = strlen(text);

	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	while (length--) {
		char *told = read_either(text, length, keys);

		unit_says(text, told, "refused 65: ");
		free(told);
	}
}

static void documents_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		cut_short(good_documents[i].text, NO_KEYS);
	for (size_t i = 0; i < COUNT(good_keys); i++)
		cut_short(good_keys[i].text, KEYS);
}

/* A NUL is nowhere in JSON; in place of any byte it is refused, except where it makes text that is
 * no UTF-8 either. */
static void raw_nul(void **state)
{
	static const char text[] = " [" INSTANCE ", " INSTANCE " ] ";
	char copy[sizeof(text)], *told;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		told = read_document(copy, sizeof(text) - 1);
		unit_says("with a NUL", told, "refused 65: line 1");
		free(told);
	}
	told = read_document("{\"web\":[],\0\"zoo\":[]}", 20);
	assert_string_equal(told, "service web\nrefused 65: line 1, byte 11: this is not a watch's "
				  "JSON: a name should stand here, not \\x00\n");
	free(told);
	told = read_document("[7\0]", 4);
	unit_says("behind a number", told, "refused 65: line 1, byte 3");
	free(told);
}

/* ---- what is in an instance ---- */

static void instances(void **state)
{
#define IS_UNREADABLE "unreadable web: instance 0 ('w1', line 1): "
	static const struct {
		const char *element, *told;
	} rows[] = {
		/* the whole of it, and more than is of use */
		{"{\"Node\":{\"ID\":\"x\",\"Node\":\"n1\",\"Address\":\"10.0.0.9\",\"Meta\":{}},"
		 "\"Service\":{\"ID\":\"w1\",\"Service\":\"web\",\"Tags\":[\"a\",\"gray=b\"],"
		 "\"Address\":\"10.0.0.1\",\"Meta\":{\"v\":\"\\u0000\"},\"Port\":8080,"
		 "\"Weights\":{\"Passing\":1,\"Warning\":1},\"Proxy\":{\"Config\":{"
		 "\"big\":18446744073709551616}}},\"Checks\":[{\"CheckID\":\"serfHealth\","
		 "\"Status\":\"passing\"},{\"Status\":\"passing\",\"Output\":\"a\\u0000b\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:8080 [a] [gray=b] passing\n"},
		/* the address, and the node's where there is none */
		{"{" NODE
		 "," SERVICE("\"Service\":\"web\",\"Address\":\"\",\"Port\":80") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:80 passing\n"},
		{"{" NODE
		 "," SERVICE("\"Service\":\"web\",\"Address\":null,\"Port\":80") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:80 passing\n"},
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"Port\":80") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:80 passing\n"},
		{"{\"Node\":{}," SERVICE("\"Service\":\"web\",\"Port\":80") "," PASSING "}",
		 "instance 0 web @ :80 passing\n"},
		/* health: the worst of the checks */
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[]}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":null}", GOOD(0)},
		{"{" NODE "," SERVICE(
			 WEB) ",\"Checks\":[{\"Status\":\"warning\"},{\"Status\":\"passing\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:80 warning\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"Status\":\"warning\"},"
					   "{\"Status\":\"critical\"},{\"Status\":\"passing\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:80 critical\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"Status\":\"maintenance\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:80 critical\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"Status\":\"\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:80 critical\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"Status\":\"Passing\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:80 critical\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"Status\":\"passing\\u0000\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:80 critical\n"},
		/* maintenance is a matter of its own */
		{"{" NODE "," SERVICE(WEB) "," CHECKS(CHECK("_node_maintenance", "critical", "")),
		 OF("passing", " maintenance")},
		{"{" NODE
		 "," SERVICE(WEB) "," CHECKS(CHECK("_service_maintenance:w1", "critical", "w1")),
		 OF("passing", " maintenance")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS(CHECK("c", "warning", "") "," CHECK(
			 "_node_maintenance", "critical", "") "," CHECK("d", "passing", "")),
		 OF("warning", " maintenance")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS(CHECK("c", "critical", "") "," CHECK(
			 "_node_maintenance", "maintenance", "")),
		 OF("critical", " maintenance")},
		{"{" NODE
		 "," SERVICE(WEB) "," CHECKS(CHECK("_node_maintenance", "passing", "") "," CHECK(
			 "_service_maintenance:w1", "passing", "w1")),
		 GOOD(0)},
		{"{" NODE
		 "," SERVICE(WEB) "," CHECKS(CHECK("_service_maintenance:w1", "warning", "w1")),
		 OF("warning", "")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS(CHECK("_node_maintenance2", "critical", "")),
		 OF("critical", "")},
		{"{" NODE
		 "," SERVICE(WEB) "," CHECKS(CHECK("_node_maintenance\\u0000", "critical", "")),
		 OF("critical", "")},
		{"{" NODE
		 "," SERVICE(WEB) "," CHECKS(CHECK("_service_maintenance", "critical", "")),
		 OF("critical", "")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS(CHECK("my_node_maintenance", "critical", "")),
		 OF("critical", "")},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"CheckID\":\"_node_maintenance\"}]}",
		 IS_UNREADABLE "a check has no Status\n"},
		/* a check of its own */
		{"{" NODE "," SERVICE(WEB) "," CHECKS(
			 CHECK("serfHealth", "passing", "") "," CHECK("c", "passing", "w1")),
		 OF("passing", " checked")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS(CHECK("c", "critical", "w1") "," CHECK(
			 "_node_maintenance", "critical", "")),
		 OF("critical", " maintenance checked")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS(CHECK("serfHealth", "passing", "")), GOOD(0)},
		{"{" NODE
		 "," SERVICE(WEB) "," CHECKS("{\"Status\":\"passing\",\"ServiceName\":\"web\"}"),
		 OF("passing", " checked")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS("{\"Status\":\"passing\",\"ServiceID\":null,"
						      "\"ServiceName\":\"web\"}"),
		 OF("passing", " checked")},
		{"{" NODE "," SERVICE(WEB) "," CHECKS("{\"Status\":\"passing\",\"ServiceID\":\"\","
						      "\"ServiceName\":\"web\"}"),
		 GOOD(0)},
		{"{" NODE "," SERVICE(WEB) "," CHECKS("{\"Status\":\"passing\",\"ServiceID\":7,"
						      "\"ServiceName\":\"\"}"),
		 GOOD(0)},
		{"{" NODE "," SERVICE(WEB) "}", IS_UNREADABLE "it has no Checks\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":{}}", IS_UNREADABLE "Checks is no array\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":\"passing\"}",
		 IS_UNREADABLE "Checks is no array\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{}]}",
		 IS_UNREADABLE "a check has no Status\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[7]}",
		 IS_UNREADABLE "a check has no Status\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"Status\":0}]}",
		 IS_UNREADABLE "a check has no Status\n"},
		/* ports, as the numbers are */
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"Port\":0") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:0 passing\n"},
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"Port\":-1.5") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:-1.5 passing\n"},
		{"{" NODE
		 "," SERVICE("\"Service\":\"web\",\"Port\":18446744073709551616") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:1.8446744073709552e+19 passing\n"},
		{"{" NODE
		 "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\",\"Port\":\"80\"") "," PASSING "}",
		 IS_UNREADABLE "Service.Port is no number\n"},
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\",\"Port\":null") "," PASSING
											 "}",
		 IS_UNREADABLE "Service.Port is no number\n"},
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\"") "," PASSING "}",
		 IS_UNREADABLE "it has no Service.Port\n"},
		/* tags */
		{"{" NODE "," SERVICE(WEB ",\"Tags\":null") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[]") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[\"\"]") "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.1:80 [] passing\n"},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":\"a\"") "," PASSING "}",
		 IS_UNREADABLE "Service.Tags is no array\n"},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[\"a\",7]") "," PASSING "}",
		 IS_UNREADABLE "a tag is no string\n"},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[\"a\",\"gray=\\u0000\"]") "," PASSING "}",
		 IS_UNREADABLE "a tag holds a NUL\n"},
		/* addresses under names, the service's and the node's */
		{"{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.7\",\"TaggedAddresses\":{"
		 "\"lan\":\"10.0.0.8\",\"wan\":\"\"}}," SERVICE(
			 WEB ",\"TaggedAddresses\":{\"wan_ipv6\":{\"Address\":\"::1\",\"Port\":8},"
			     "\"lan\":{\"Address\":\"x\",\"Port\":0.5}}") "," PASSING "}",
		 OF("passing", " node=10.0.0.7 tagged:wan_ipv6=::1:8 tagged:lan=x:0.5 "
			       "node:lan=10.0.0.8:0 node:wan=:0")},
		{"{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\",\"TaggedAddresses\":{"
		 "\"lan\":\"10.0.0.8\"}}," SERVICE(WEB ",\"TaggedAddresses\":null") "," PASSING "}",
		 OF("passing", " node:lan=10.0.0.8:0")},
		{"{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\",\"TaggedAddresses\":null}"
		 "," SERVICE(WEB ",\"TaggedAddresses\":{\"a\":{\"Address\":\"b\"},"
				 "\"c\":{\"Address\":\"d\",\"Port\":null}}") "," PASSING "}",
		 OF("passing", " tagged:a=b:0 tagged:c=d:0")},
		{"{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\",\"TaggedAddresses\":{"
		 "\"a\":null,\"b\":{\"Address\":\"x\",\"Port\":1},\"c\":7,\"d\":\"\\u0000\","
		 "\"e\":\"f\"}}," SERVICE(
			 WEB ",\"TaggedAddresses\":{\"a\":null,\"b\":\"x\",\"c\":{\"Port\":1},"
			     "\"d\":{\"Address\":7,\"Port\":1},\"e\":{\"Address\":\"\\u0000\","
			     "\"Port\":1},\"f\":{\"Address\":\"x\",\"Port\":\"1\"},"
			     "\"g\":{\"Address\":\"x\",\"Port\":1}}") "," PASSING "}",
		 OF("passing", " tagged:g=x:1 node:e=f:0")},
		{"{" NODE "," SERVICE(WEB ",\"TaggedAddresses\":{}") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"TaggedAddresses\":[]") "," PASSING "}",
		 IS_UNREADABLE "Service.TaggedAddresses is no object\n"},
		{"{\"Node\":{\"TaggedAddresses\":\"lan\"}," SERVICE(WEB) "," PASSING "}",
		 IS_UNREADABLE "Node.TaggedAddresses is no object\n"},
		/* Meta */
		{"{" NODE "," SERVICE(WEB ",\"Meta\":{\"b\":\"1\",\"a\":\"\",\"c\":7,\"d\":null,"
					  "\"e\":\"\\u0000\",\"f\":[\"g\"],\"\":\"h\"}") "," PASSING
											 "}",
		 OF("passing", " b=1 a= =h")},
		{"{" NODE "," SERVICE(WEB ",\"Meta\":null") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Meta\":{}") "," PASSING "}", GOOD(0)},
		{"{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\",\"Meta\":{\"a\":\"b\"}}"
		 "," SERVICE(WEB) "," PASSING "}",
		 GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Meta\":[\"a\"]") "," PASSING "}",
		 IS_UNREADABLE "Service.Meta is no object\n"},
		/* Weights */
		{"{" NODE "," SERVICE(WEB ",\"Weights\":{\"Passing\":10,\"Warning\":3}") "," PASSING
											 "}",
		 OF("passing", " weights=10,3")},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":null") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":{}") "," PASSING "}", GOOD(0)},
		{"{" NODE
		 "," SERVICE(WEB ",\"Weights\":{\"Passing\":null,\"Warning\":2.9}") "," PASSING "}",
		 OF("passing", " weights=1,2")},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":{\"Passing\":0,\"Warning\":0}") "," PASSING
											"}",
		 OF("passing", " weights=1,0")},
		{"{" NODE "," SERVICE(
			 WEB ",\"Weights\":{\"Passing\":-7,\"Warning\":-1e300}") "," PASSING "}",
		 OF("passing", " weights=1,0")},
		{"{" NODE "," SERVICE(
			 WEB ",\"Weights\":{\"Passing\":65535,\"Warning\":65536}") "," PASSING "}",
		 OF("passing", " weights=65535,65535")},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":{\"Passing\":18446744073709551616,"
					  "\"Warning\":1}") "," PASSING "}",
		 OF("passing", " weights=65535,1")},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":{\"Passing\":\"10\"}") "," PASSING "}",
		 IS_UNREADABLE "Service.Weights.Passing is no number\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":{\"Warning\":false}") "," PASSING "}",
		 IS_UNREADABLE "Service.Weights.Warning is no number\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":[]") "," PASSING "}",
		 IS_UNREADABLE "Service.Weights is no object\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":7") "," PASSING "}",
		 IS_UNREADABLE "Service.Weights is no object\n"},
		/* of two reasons the first */
		{"{" NODE "," SERVICE(WEB ",\"Meta\":[],\"Weights\":7") ",\"Checks\":7}",
		 IS_UNREADABLE "Service.Meta is no object\n"},
		/* mesh proxies */
		{"{" NODE "," SERVICE(WEB ",\"Kind\":\"connect-proxy\"") "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.1:80 passing proxy\n"},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":\"\"") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":null") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":7") "," PASSING "}",
		 IS_UNREADABLE "Service.Kind is no string\n"},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":\"\\u0000\"") "," PASSING "}",
		 IS_UNREADABLE "Service.Kind holds a NUL\n"},
		/* texts */
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"ID\":7,\"Port\":80") "," PASSING "}",
		 "unreadable web: instance 0 (line 1): Service.ID is no string\n"},
		{"{" NODE
		 "," SERVICE("\"Service\":\"web\",\"ID\":\"a\\u0000\",\"Port\":80") "," PASSING "}",
		 "unreadable web: instance 0 (line 1): Service.ID holds a NUL\n"},
		{"{" NODE "," SERVICE(
			 "\"ID\":\"w1\",\"Service\":\"web\",\"Address\":7,\"Port\":80") "," PASSING
											"}",
		 IS_UNREADABLE "Service.Address is no string\n"},
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\",\"Address\":\"\\u0000\","
				      "\"Port\":80") "," PASSING "}",
		 IS_UNREADABLE "Service.Address holds a NUL\n"},
		{"{\"Node\":{\"Address\":\"10.0.0.9\\u0000\"}," SERVICE(
			 "\"ID\":\"w1\",\"Service\":\"web\",\"Port\":80") "," PASSING "}",
		 IS_UNREADABLE "Node.Address holds a NUL\n"},
		{"{\"Node\":{\"Address\":[]}," SERVICE(
			 "\"ID\":\"w1\",\"Service\":\"web\",\"Port\":80") "," PASSING "}",
		 IS_UNREADABLE "Node.Address is no string\n"},
		{"{\"Node\":{\"Node\":{}}," SERVICE(WEB) "," PASSING "}",
		 IS_UNREADABLE "Node.Node is no string\n"},
		{"{\"Node\":\"n1\"," SERVICE(WEB) "," PASSING "}",
		 IS_UNREADABLE "Node is no object\n"},
		{"{" SERVICE(WEB) "," PASSING "}", IS_UNREADABLE "Node is no object\n"},
		/* of which service it is, is not known */
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): it has no Service.Service\n"},
		{"{" NODE "," SERVICE("\"Service\":\"\",\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): it has no Service.Service\n"},
		{"{" NODE "," SERVICE("\"Service\":7,\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service.Service is no string\n"},
		{"{" NODE "," SERVICE("\"Service\":\"web\\u0000x\",\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service.Service holds a NUL\n"},
		{"{" NODE ",\"Service\":\"web\"," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service is no object\n"},
		{"{" NODE "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service is no object\n"},
		/* JSON that is too much for the reader */
		{"{" NODE "," SERVICE(WEB ",\"Meta\":{\"\\u0000\":\"\"}") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): NUL byte in object key not "
		 "supported near '\"\\u0000\"'\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":1e400") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): real number overflow near '1e400'\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char document[2048], desired[1024], *told;

		(void)snprintf(document, sizeof(document), "[%s,%s]", rows[i].element, INSTANCE);
		(void)snprintf(desired, sizeof(desired), "%s%s", rows[i].told,
			       GOOD(1) "ended: service\n");
		told = read_document(document, strlen(document));
		unit_same(rows[i].element, told, desired);
		free(told);
	}
}

/* Room is used again: what was in the lists of one instance is not in the next's, whether it needs
 * more of it or less, and whether the former could be used. */
static void lists_are_each_instances_own(void **state)
{
#define LISTS "\"TaggedAddresses\":{\"a\":{\"Address\":\"b\",\"Port\":1}},\"Meta\":{\"c\":\"d\"}"
	static const char text[] =
		"[" INSTANCE ",{" NODE
		"," SERVICE(WEB ",\"Tags\":[\"t\"]," LISTS) "," PASSING "},{" NODE "," SERVICE(
			WEB ",\"Tags\":[\"u\",\"v\",\"w\"],"
			    "\"TaggedAddresses\":{"
			    "\"e\":{\"Address\":\"f\",\"Port\":1},"
			    "\"g\":{\"Address\":\"h\"}},"
			    "\"Meta\":{\"i\":\"j\",\"k\":\"l\",\"m\":"
			    "\"n\"}") "," PASSING "},{" NODE
				      "," SERVICE(WEB ",\"Weights\":"
						      "7," LISTS) "," PASSING "}"
								  "," INSTANCE "]";
	char *told = read_document(text, strlen(text));

	(void)state;
	assert_string_equal(
		told, GOOD(0) "instance 1 web w1@n1 10.0.0.1:80 [t] tagged:a=b:1 c=d passing\n"
			      "instance 2 web w1@n1 10.0.0.1:80 [u] [v] [w] tagged:e=f:1 "
			      "tagged:g=h:0 i=j k=l m=n passing\n"
			      "unreadable web: instance 3 ('w1', line 1): Service.Weights is no "
			      "object\n" GOOD(4) "ended: service\n");
	free(told);
}

/* ---- what is in a key's value ---- */

/* The text in base64; the caller frees it. */
static char *in_base64(const char *text, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = calloc(1, length / 3 * 4 + 5), *end = out;

	assert_non_null(out);
	for (size_t i = 0; i < length; i += 3) {
		unsigned bits = 0;

		for (size_t j = i; j < i + 3; j++)
			bits = bits << 8 | (j < length ? (unsigned char)text[j] : 0);
		for (unsigned j = 0; j < 4; j++)
			*end++ = i + j > length ? '=' : digits[bits >> (18 - 6 * j) & 63];
	}
	return out;
}

static void key_values(void **state)
{
#define NO_OBJECT ": its value is no JSON object"
	static const struct {
		const char *value, *told;
	} rows[] = {
		{"", ""},
		{"{}", ""},
		{" {\"weight\" : 2}\n", " weight=2"},
		/* numbers as they are */
		{"{\"a\":0,\"b\":-1,\"c\":65535,\"d\":1e3,\"e\":2.5,\"f\":-1.7976931348623157e308,"
		 "\"g\":18446744073709551616,\"h\":1.0000000000000002}",
		 " a=0 b=-1 c=65535 d=1000 e=2.5 f=-1.7976931348623157e+308 "
		 "g=1.8446744073709552e+19 h=1.0000000000000002"},
		/* texts, yes and no */
		{"{\"fail_timeout\":\"10s\",\"down\":true,\"backup\":false,\"x\":\"\"}",
		 " fail_timeout=10s down=1 backup=0 x="},
		/* what is passed over */
		{"{\"a\":null,\"b\":[1],\"c\":{\"d\":1},\"e\":\"f\\u0000\",\"g\":1}", " g=1"},
		/* no object */
		{"[]", NO_OBJECT},
		{"[{\"weight\":2}]", NO_OBJECT},
		{"7", NO_OBJECT},
		{"null", NO_OBJECT},
		{"\"weight\"", NO_OBJECT},
		{" ", NO_OBJECT},
		{"weight=2", NO_OBJECT},
		{"{\"weight\":2", NO_OBJECT},
		{"{\"weight\":2}}", NO_OBJECT},
		{"{\"weight\":1e400}", NO_OBJECT},
		{"{\"weight\":\"\xff\"}", NO_OBJECT},
		{"{\"weight\":\"\\ud800\"}", NO_OBJECT},
		{"{\"\\u0000\":2}", NO_OBJECT},
	};
	static const struct {
		const char *value, *told;
	} raw[] = {
		{"\"\"", ""},
		{"null", ""},
		{"\"e30=\"", ""},
		{"\"eyJhIjox\\u0066Q==\"", " a=1"}, /* {"a":1} */
		{"\"eyJhIjox\\u0000fQ==\"", ": its value is no base64"},
		{"\"eyJhIjoxAH0=\"", NO_OBJECT}, /* with a NUL behind the 1 */
		{"\"eyJhIjoxfQA=\"", NO_OBJECT}, /* with one at its end */
		{"\"eyJhIjoxfQ\"", ": its value is no base64"},
		{"\"eyJhIjoxfQ==\\n\"", ": its value is no base64"},
		{"\"{}\"", ": its value is no base64"},
		{"7", ": its value is no base64"},
		{"{}", ": its value is no base64"},
		{"[\"e30=\"]", ": its value is no base64"},
		{"false", ": its value is no base64"},
	};
	char document[1024], desired[1024], *told, *encoded;

	(void)state;
	/* A key behind it shows that nothing of this one is left. */
	for (size_t i = 0; i < COUNT(rows); i++) {
		encoded = in_base64(rows[i].value, strlen(rows[i].value));
		(void)snprintf(document, sizeof(document),
			       "[{\"Key\":\"a/b\",\"Value\":\"%s\"},{\"Key\":\"c\"}]", encoded);
		(void)snprintf(desired, sizeof(desired), "key 0 a/b%s\nkey 1 c\nended: keys\n",
			       rows[i].told);
		told = read_either(document, strlen(document), KEYS);
		unit_same(rows[i].value, told, desired);
		free(told);
		free(encoded);
	}
	for (size_t i = 0; i < COUNT(raw); i++) {
		(void)snprintf(document, sizeof(document),
			       "[{\"Key\":\"a/b\",\"Value\":%s},{\"Key\":\"c\"}]", raw[i].value);
		(void)snprintf(desired, sizeof(desired), "key 0 a/b%s\nkey 1 c\nended: keys\n",
			       raw[i].told);
		told = read_either(document, strlen(document), KEYS);
		unit_same(raw[i].value, told, desired);
		free(told);
	}
}

/* ---- what is large ---- */

/* An instance of so many bytes. */
static char *large_instance(size_t length)
{
	static const char first[] = "{\"Output\":\"",
			  last[] = "\"," NODE "," SERVICE(WEB) "," PASSING "}";
	char *text = unit_repeat('x', length);

	memcpy(text, first, strlen(first));
	memcpy(text + length - strlen(last), last, strlen(last));
	return text;
}

static void large_between_two_good(void **state)
{
	static const struct {
		size_t length, piece;
		const char *told;
	} rows[] = {
		{SWK_ELEMENT_MAX, 65536, GOOD(0) GOOD(1) GOOD(2) "ended: service\n"},
		{SWK_ELEMENT_MAX + 1, 65536,
		 GOOD(0) "unreadable (unknown): instance 1 (line 2): it is larger than 4194304 "
			 "bytes\n" GOOD(2) "ended: service\n"},
		{SWK_ELEMENT_MAX + 1, SIZE_MAX,
		 GOOD(0) "unreadable (unknown): instance 1 (line 2): it is larger than 4194304 "
			 "bytes\n" GOOD(2) "ended: service\n"},
		{3 * SWK_ELEMENT_MAX, 1000003,
		 GOOD(0) "unreadable (unknown): instance 1 (line 2): it is larger than 4194304 "
			 "bytes\n" GOOD(2) "ended: service\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *large = large_instance(rows[i].length), *text, *told;
		struct reading reading;
		int length = asprintf(&text, "[%s,\n%s,\n%s]", INSTANCE, large, INSTANCE);

		assert_true(length > 0);
		begin(&reading, NO_KEYS);
		for (size_t at = 0; at < (size_t)length;) {
			size_t piece = (size_t)length - at;

			if (piece > rows[i].piece)
				piece = rows[i].piece;
			feed(&reading, text + at, piece);
			at += piece;
		}
		told = end(&reading);
		unit_same("the large one", told, rows[i].told);
		free(told);
		free(text);
		free(large);
	}
}

/* A value as large as fits, between two keys without one, and one that is larger. */
static void large_value(void **state)
{
	static const struct {
		size_t content;
		const char *told;
	} rows[] = {
		{SWK_ELEMENT_MAX / 4 * 3 - 60, "key 0 a\nkey 1 b c=1\nkey 2 d\nended: keys\n"},
		{SWK_ELEMENT_MAX / 4 * 3,
		 "key 0 a\nunreadable (unknown): key 1 (line 1): it is larger than 4194304 bytes\n"
		 "key 2 d\nended: keys\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *content = unit_repeat(' ', rows[i].content), *encoded, *text, *told;
		int length;

		memcpy(content, "{\"c\":1", 6);
		content[rows[i].content - 1] = '}';
		encoded = in_base64(content, rows[i].content);
		length = asprintf(
			&text, "[{\"Key\":\"a\"},{\"Key\":\"b\",\"Value\":\"%s\"},{\"Key\":\"d\"}]",
			encoded);
		assert_true(length > 0);
		told = read_either(text, (size_t)length, KEYS);
		unit_same("the large one", told, rows[i].told);
		free(told);
		free(text);
		free(encoded);
		free(content);
	}
}

static void large_in_a_list(void **state)
{
	char *name = unit_repeat('n', SWK_TEXT_MAX), *large = unit_repeat('n', SWK_ELEMENT_MAX + 1),
	     *text, *told;
	int length = asprintf(&text, "{\"%s\":[],\"%s\":[],\"web\":[\"%s\"],\"zoo\":[]}", name,
			      large, large);

	(void)state;
	assert_true(length > 0);
	told = read_document(text, (size_t)length);
	assert_string_equal(told, "unreadable (unknown): a service in the list: its name is too "
				  "long\n"
				  "unreadable (unknown): a service in the list: it is larger than "
				  "4194304 bytes\n"
				  "service web\nservice zoo\nended: services\n");
	free(told);
	free(text);
	free(large);
	free(name);
}

static void document_over_its_limit(void **state)
{
	static const size_t piece = 1UL << 20;
	char *blanks = unit_repeat(' ', piece);
	struct swk_error error = {0};
	struct reading reading;

	(void)state;
	begin(&reading, NO_KEYS);
	for (size_t at = 0; at < SWK_DOCUMENT_MAX; at += piece)
		assert_int_equal(swk_document_feed(reading.document, blanks, piece, &error), 0);
	assert_int_equal(swk_document_feed(reading.document, "", 0, &error), 0);
	assert_int_equal(swk_document_feed(reading.document, " ", 1, &error), SWK_DATA);
	unit_says("too large", error.text, "larger than 256 MiB");
	free(end(&reading));
	free(blanks);
}

/* So deep that to follow it by recursion would end the stack. */
static void nested_deep(void **state)
{
	static const size_t depth = 10000;
	static const struct {
		const char *before, *open, *close, *after, *says;
	} rows[] = {
		{"", "[", "]", "", "refused 65: this looks like an array without one instance"},
		{"", "[", "", "", "refused 65: line 1: the document is cut off"},
		{"", "{\"a\":", "", "1", "refused 65: line 1: the document is cut off"},
		{"", "{\"a\":", "}", "1",
		 "refused 65: line 1: this looks like an object that is no list of services"},
		{"[" INSTANCE ",{\"a\":", "[", "]", "}," INSTANCE "]",
		 GOOD(0) "unreadable (unknown): instance 1 (line 1): maximum parsing depth "
			 "reached near '['\n" GOOD(2) "ended: service\n"},
		{"{\"web\":", "[", "]", ",\"zoo\":[]}", "service zoo\nended: services\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_buffer text;
		char *told;

		swk_buffer_init(&text, SIZE_MAX / 2);
		(void)swk_buffer_print(&text, &error, "%s", rows[i].before);
		for (size_t j = 0; j < depth; j++)
			(void)swk_buffer_print(&text, &error, "%s", rows[i].open);
		if (*rows[i].open == '{')
			(void)swk_buffer_print(&text, &error, "1");
		for (size_t j = 0; j < depth; j++)
			(void)swk_buffer_print(&text, &error, "%s", rows[i].close);
		if (*rows[i].after != '1')
			(void)swk_buffer_print(&text, &error, "%s", rows[i].after);
		assert_int_equal(error.status, 0);
		told = read_document(text.data, text.length);
		unit_says(rows[i].open, told, rows[i].says);
		free(told);
		swk_buffer_free(&text);
	}
}

/* ---- checks ---- */

static int write_check(void *context, const struct swk_check *check, struct swk_error *error)
{
	return swk_buffer_print(context, error, "check %s/%s/%s of %s%s: %s at %.17g%s\n",
				check->node, check->id, check->service_id, check->service,
				check->of_node ? " (node)" : "", check->status, check->index,
				check->readable ? "" : " unreadable");
}

static int name_instance(void *context, const struct swk_instance *instance,
			 struct swk_error *error)
{
	return swk_buffer_print(context, error, "instance %s\n", instance->id);
}

/* What is told of a document's checks, or of those of its instances; the caller frees it. */
static char *read_checks_of(const char *text, bool of_instances)
{
	struct reading reading;

	begin(&reading, NO_KEYS);
	reading.sink = (struct swk_document_sink){.context = &reading.told,
						  .instance = name_instance,
						  .undecodable = write_unreadable};
	if (of_instances)
		reading.sink.instance_check = write_check;
	else
		reading.sink.check = write_check;
	feed(&reading, text, strlen(text));
	return end(&reading);
}

#define STATE_OF(more) "{\"Node\": \"n\", \"CheckID\": \"c\", \"Status\": \"passing\"" more "}"

static void checks(void **state)
{
	static const struct {
		const char *check, *told;
	} rows[] = {
		{STATE_OF(""), "n/c/ of  (node): passing at 0"},
		{STATE_OF(", \"ServiceID\": \"\", \"ServiceName\": \"\", \"ModifyIndex\": 12"),
		 "n/c/ of  (node): passing at 12"},
		{STATE_OF(", \"ServiceID\": \"w1\", \"ServiceName\": \"web\", "
			  "\"ModifyIndex\": 9007199254740991"),
		 "n/c/w1 of web: passing at 9007199254740991"},
		{STATE_OF(", \"ServiceName\": \"web\""), "n/c/ of web: passing at 0"},
		{"{\"Node\": \"n\", \"CheckID\": \"c\", \"Status\": \"odd\"}",
		 "n/c/ of  (node): odd at 0"},
		/* What can't be read. */
		{STATE_OF(", \"ServiceID\": \"w1\""), "n/c/w1 of : passing at 0 unreadable"},
		{STATE_OF(", \"ServiceID\": \"w1\", \"ServiceName\": 1"),
		 "n/c/w1 of : passing at 0 unreadable"},
		{STATE_OF(", \"ServiceID\": \"w\\u0000x\", \"ServiceName\": \"web\""),
		 "n/c/ of web: passing at 0 unreadable"},
		{"{\"Node\": \"n\\u0000m\", \"CheckID\": \"c\", \"Status\": \"passing\"}",
		 "/c/ of  (node): passing at 0 unreadable"},
		{"{\"CheckID\": \"c\", \"Status\": \"passing\"}",
		 "/c/ of  (node): passing at 0 unreadable"},
		{"{\"Node\": \"n\", \"CheckID\": 7, \"Status\": \"passing\"}",
		 "n// of  (node): passing at 0 unreadable"},
		{"{\"Node\": \"n\", \"CheckID\": \"c\"}", "n/c/ of  (node):  at 0 unreadable"},
		{"{\"Node\": \"n\", \"CheckID\": \"\", \"Status\": \"passing\"}",
		 "n// of  (node): passing at 0 unreadable"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *document, *desired, *told;

		assert_true(asprintf(&document, "[%s, %s]", rows[i].check, rows[i].check) > 0);
		assert_true(asprintf(&desired, "check %s\ncheck %s\nended: checks\n", rows[i].told,
				     rows[i].told) > 0);
		told = read_checks_of(document, false);
		unit_same(rows[i].check, told, desired);
		free(told);
		told = read_checks_of(document, true);
		unit_same(rows[i].check, told, "ended: checks\n");
		free(told);
		free(document);
		free(desired);
	}
}

static void checks_before_their_instance(void **state)
{
	static const char document[] =
		"[{\"Node\": {\"Node\": \"n\"}, \"Service\": {\"Service\": \"web\", \"ID\": "
		"\"w1\", "
		"\"Port\": 80}, \"Checks\": [" STATE_OF(
			", \"ModifyIndex\": 3") ", {\"Status\": "
						"\"passing\"}]}, "
						"{\"Node\": {}, \"Service\": {\"Service\": "
						"\"web\", \"ID\": \"w2\", \"Port\": 80}, "
						"\"Checks\": null}, "
						"{\"Node\": {}, \"Service\": {\"Service\": "
						"\"web\", \"ID\": \"w3\"}, "
						"\"Checks\": [" STATE_OF("") "]}]";
	static const char undecodable[] = "unreadable web: instance 2 ('w3', line 1): it has no "
					  "Service.Port\nended: service\n";
	char *told = read_checks_of(document, true), *desired;

	(void)state;
	assert_true(asprintf(&desired,
			     "check n/c/ of  (node): passing at 3\n"
			     "check // of  (node): passing at 0 unreadable\n"
			     "instance w1\ninstance w2\n%s",
			     undecodable) > 0);
	assert_string_equal(told, desired);
	free(told);
	free(desired);
	/* Who doesn't ask for them gets none. */
	told = read_checks_of(document, false);
	assert_true(asprintf(&desired, "instance w1\ninstance w2\n%s", undecodable) > 0);
	assert_string_equal(told, desired);
	free(told);
	free(desired);
}

/* ---- a sink that refuses ---- */

static int refuse_instance(void *context, const struct swk_instance *instance,
			   struct swk_error *error)
{
	(void)context;
	return instance->number < 1 ? 0 : swk_error_set(error, SWK_HELD_BACK, "enough");
}

static int refuse_service(void *context, const char *name, struct swk_error *error)
{
	(void)context;
	return swk_error_set(error, SWK_HELD_BACK, "%s", name);
}

static int refuse_key(void *context, const struct swk_key *key, struct swk_error *error)
{
	(void)context;
	return swk_error_set(error, SWK_HELD_BACK, "%s", key->key);
}

static int refuse_check(void *context, const struct swk_check *check, struct swk_error *error)
{
	(void)context;
	return swk_error_set(error, SWK_HELD_BACK, "%s", check->id);
}

static int refuse_unreadable(void *context, const char *service, const char *what,
			     const char *reason, struct swk_error *error)
{
	(void)context;
	(void)service;
	(void)what;
	return swk_error_set(error, SWK_HELD_BACK, "%s", reason);
}

static void sink_ends_the_reading(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"[" INSTANCE "," INSTANCE ", no JSON", "enough"},
		{"{\"web\":[], no JSON", "web"},
		{"[{}, no JSON", "it is no instance"},
		{"{\"\":[], no JSON", "its name is empty"},
		{"[{\"Key\":\"a/b\"}, no JSON", "a/b"},
		{"[{\"Key\":\"\"}, no JSON", "it has no Key"},
		{"[{\"CheckID\":\"c\"}, no JSON", "c"},
	};
	static const struct swk_document_sink sink = {.instance = refuse_instance,
						      .service = refuse_service,
						      .undecodable = refuse_unreadable,
						      .key = refuse_key,
						      .check = refuse_check};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_document *document;

		assert_int_equal(swk_document_open(&document, &sink, &error), 0);
		unit_number(rows[i].text,
			    swk_document_feed(document, rows[i].text, strlen(rows[i].text), &error),
			    SWK_HELD_BACK);
		unit_same(rows[i].text, error.text, rows[i].says);
		swk_document_close(document);
	}
}

/* ---- from a descriptor ---- */

/* A file with this text, open at its beginning. */
static FILE *file_of(const char *text, size_t length)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fflush(file), 0);
	rewind(file);
	return file;
}

static void read_from_a_descriptor(void **state)
{
	static const char text[] = "[" INSTANCE "," INSTANCE "]\n";
	struct reading reading;
	enum swk_document_kind kind = SWK_DOCUMENT_NOTHING;
	FILE *file = file_of(text, strlen(text));

	(void)state;
	begin(&reading, NO_KEYS);
	assert_int_equal(swk_document_read(reading.document, fileno(file), swk_now_ms() + 600000,
					   &kind, &reading.error),
			 0);
	assert_int_equal(kind, SWK_DOCUMENT_SERVICE);
	assert_string_equal(reading.told.data, GOOD(0) GOOD(1));
	free(end(&reading));
	(void)fclose(file);
}

static void refused_document_is_read_to_its_end(void **state)
{
	const size_t length = 1000000;
	static const char later[] = "[" INSTANCE "]";
	char *text = unit_repeat('x', length);
	enum swk_document_kind kind;
	struct reading reading;
	FILE *file;

	(void)state;
	/* Whatever comes after, and in whatever pieces it is read, is not for the sink. */
	for (size_t at = 4096; at < length - 4096; at += 4096)
		memcpy(text + at, later, strlen(later));
	file = file_of(text, length);
	begin(&reading, NO_KEYS);
	assert_int_equal(swk_document_read(reading.document, fileno(file), swk_now_ms() + 600000,
					   &kind, &reading.error),
			 SWK_DATA);
	assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), length);
	unit_says("the first failure", reading.error.text, "line 1, byte 1");
	assert_string_equal(reading.told.data, "");
	free(end(&reading));
	(void)fclose(file);
	free(text);
}

/* A writer that neither writes on nor ends. */
static void writer_that_stays(void **state)
{
	enum swk_document_kind kind;
	struct reading reading;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "[]", 2), 2);
	begin(&reading, NO_KEYS);
	assert_int_equal(
		swk_document_read(reading.document, ends[0], swk_now_ms(), &kind, &reading.error),
		SWK_DATA);
	unit_says("in time", reading.error.text, "did not end in time");
	free(end(&reading));
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void descriptor_that_cant_be_read(void **state)
{
	enum swk_document_kind kind;
	struct reading reading;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	(void)close(ends[0]);
	begin(&reading, NO_KEYS);
	assert_int_equal(swk_document_read(reading.document, ends[0], swk_now_ms() + 600000, &kind,
					   &reading.error),
			 SWK_DATA);
	unit_says("closed", reading.error.text, "standard input: Bad file descriptor");
	free(end(&reading));
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(documents_of_keys),
		cmocka_unit_test(documents_where_keys_are_taken),
		cmocka_unit_test(documents_in_pieces),
		cmocka_unit_test(documents_cut_short),
		cmocka_unit_test(raw_nul),
		cmocka_unit_test(instances),
		cmocka_unit_test(lists_are_each_instances_own),
		cmocka_unit_test(key_values),
		cmocka_unit_test(large_between_two_good),
		cmocka_unit_test(large_value),
		cmocka_unit_test(large_in_a_list),
		cmocka_unit_test(document_over_its_limit),
		cmocka_unit_test(nested_deep),
		cmocka_unit_test(checks),
		cmocka_unit_test(checks_before_their_instance),
		cmocka_unit_test(sink_ends_the_reading),
		cmocka_unit_test(read_from_a_descriptor),
		cmocka_unit_test(refused_document_is_read_to_its_end),
		cmocka_unit_test(writer_that_stays),
		cmocka_unit_test(descriptor_that_cant_be_read),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
