/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <unistd.h>

#include "deadline.h"
#include "watch.h"

/* ---- a sink that writes down what it is told ---- */

static const char *const healths[] = {"passing", "warning", "critical"};

static int write_instance(void *context, const struct swk_instance *instance,
			  struct swk_error *error)
{
	(void)swk_buffer_print(context, error, "instance %zu %s %s@%s %s:%.17g", instance->number,
			       instance->service, instance->id, instance->node,
			       *instance->address ? instance->address : instance->node_address,
			       instance->port);
	for (size_t i = 0; i < instance->tag_count; i++)
		(void)swk_buffer_print(context, error, " [%s]", instance->tags[i]);
	return swk_buffer_print(context, error, " %s%s\n", healths[instance->health],
				instance->proxy ? " proxy" : "");
}

static int write_service(void *context, const char *name, struct swk_error *error)
{
	return swk_buffer_print(context, error, "service %s\n", name);
}

static int write_unreadable(void *context, const char *service, const char *what, const char *why,
			    struct swk_error *error)
{
	return swk_buffer_print(context, error, "unreadable %s: %s: %s\n",
				service ? service : "(unknown)", what, why);
}

struct reading {
	struct swk_buffer told;
	struct swk_watch_sink sink;
	struct swk_watch watch;
	struct swk_error error;
};

static void begin(struct reading *reading)
{
	*reading = (struct reading){.sink = {.context = &reading->told,
					     .instance = write_instance,
					     .service = write_service,
					     .unreadable = write_unreadable}};
	swk_buffer_init(&reading->told, SIZE_MAX / 2);
	(void)swk_buffer_add(&reading->told, "", 0, &reading->error);
	swk_watch_init(&reading->watch, &reading->sink);
}

/* Gives the bytes in memory of just their length, so that a checker sees what is read beyond. */
static void feed(struct reading *reading, const char *data, size_t length)
{
	char *copy = malloc(length + 1);

	assert_non_null(copy);
	memcpy(copy + 1, data, length);
	if (!reading->error.status) {
		int status = swk_watch_feed(&reading->watch, copy + 1, length, &reading->error);

		assert_int_equal(status, reading->error.status);
	}
	free(copy);
}

/* Ends the document, and returns all that was told and how it ended; the caller frees it. */
static char *end(struct reading *reading)
{
	static const char *const kinds[] = {"nothing", "service", "services", "checks"};
	struct swk_error ignored = {0};
	enum swk_watch_kind kind;

	if (!reading->error.status && !swk_watch_end(&reading->watch, &kind, &reading->error))
		(void)swk_buffer_print(&reading->told, &ignored, "ended: %s\n", kinds[kind]);
	else
		(void)swk_buffer_print(&reading->told, &ignored, "refused %d: %s\n",
				       reading->error.status, reading->error.text);
	swk_watch_free(&reading->watch);
	return reading->told.data;
}

static char *read_document(const char *text, size_t length)
{
	struct reading reading;

	begin(&reading);
	feed(&reading, text, length);
	return end(&reading);
}

/* ---- documents ---- */

#define NODE "\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\"}"
#define SERVICE(members) "\"Service\":{" members "}"
#define WEB "\"ID\":\"w1\",\"Service\":\"web\",\"Address\":\"10.0.0.1\",\"Port\":80"
#define PASSING "\"Checks\":[{\"Status\":\"passing\"}]"
#define INSTANCE "{" NODE "," SERVICE(WEB) "," PASSING "}"
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

static void documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++) {
		const struct document *document = &good_documents[i];
		char *told = read_document(document->text, strlen(document->text));

		unit_same(document->text, told, document->told);
		free(told);
	}
	for (size_t i = 0; i < COUNT(bad_documents); i++) {
		const struct document *document = &bad_documents[i];
		char *told = read_document(document->text, strlen(document->text));

		unit_says(document->text, told, document->told ? document->told : "refused 65");
		free(told);
	}
}

/* However the bytes come, what is told is the same. */
static void split_anywhere(const char *text)
{
	size_t length = strlen(text);
	char *whole = read_document(text, length), *parted;
	struct reading reading;

	for (size_t first = 0; first <= length; first++) {
		begin(&reading);
		feed(&reading, text, first);
		feed(&reading, text + first, length - first);
		parted = end(&reading);
		unit_same(text, parted, whole);
		free(parted);
	}
	begin(&reading);
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
		split_anywhere(good_documents[i].text);
	for (size_t i = 0; i < COUNT(bad_documents); i++)
		split_anywhere(bad_documents[i].text);
}

static void documents_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++) {
		const char *text = good_documents[i].text;
		size_t length = strlen(text);

		while (length && strchr(" \t\r\n", text[length - 1]))
			length--;
		while (length--) {
			char *told = read_document(text, length);

			unit_says(text, told, "refused 65: ");
			free(told);
		}
	}
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
		char document[2048], wanted[1024], *told;

		(void)snprintf(document, sizeof(document), "[%s,%s]", rows[i].element, INSTANCE);
		(void)snprintf(wanted, sizeof(wanted), "%s%s", rows[i].told,
			       GOOD(1) "ended: service\n");
		told = read_document(document, strlen(document));
		unit_same(rows[i].element, told, wanted);
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
		begin(&reading);
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
	begin(&reading);
	for (size_t at = 0; at < SWK_DOCUMENT_MAX; at += piece)
		assert_int_equal(swk_watch_feed(&reading.watch, blanks, piece, &error), 0);
	assert_int_equal(swk_watch_feed(&reading.watch, "", 0, &error), 0);
	assert_int_equal(swk_watch_feed(&reading.watch, " ", 1, &error), SWK_DATA);
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

/* ---- a sink that refuses ---- */

static int refuse_instance(void *context, const struct swk_instance *instance,
			   struct swk_error *error)
{
	(void)context;
	return instance->number < 1 ? 0 : swk_error_set(error, SWK_HELD, "enough");
}

static int refuse_service(void *context, const char *name, struct swk_error *error)
{
	(void)context;
	return swk_error_set(error, SWK_HELD, "%s", name);
}

static int refuse_unreadable(void *context, const char *service, const char *what, const char *why,
			     struct swk_error *error)
{
	(void)context;
	(void)service;
	(void)what;
	return swk_error_set(error, SWK_HELD, "%s", why);
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
	};
	static const struct swk_watch_sink sink = {.instance = refuse_instance,
						   .service = refuse_service,
						   .unreadable = refuse_unreadable};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_watch watch;

		swk_watch_init(&watch, &sink);
		unit_number(rows[i].text,
			    swk_watch_feed(&watch, rows[i].text, strlen(rows[i].text), &error),
			    SWK_HELD);
		unit_same(rows[i].text, error.text, rows[i].says);
		swk_watch_free(&watch);
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
	enum swk_watch_kind kind = SWK_WATCH_NOTHING;
	FILE *file = file_of(text, strlen(text));

	(void)state;
	begin(&reading);
	assert_int_equal(swk_watch_read(&reading.watch, fileno(file), swk_now_ms() + 600000, &kind,
					&reading.error),
			 0);
	assert_int_equal(kind, SWK_WATCH_SERVICE);
	assert_string_equal(reading.told.data, GOOD(0) GOOD(1));
	free(end(&reading));
	(void)fclose(file);
}

static void refused_document_is_read_to_its_end(void **state)
{
	const size_t length = 1000000;
	static const char later[] = "[" INSTANCE "]";
	char *text = unit_repeat('x', length);
	enum swk_watch_kind kind;
	struct reading reading;
	FILE *file;

	(void)state;
	/* Whatever comes after, and in whatever pieces it is read, is not for the sink. */
	for (size_t at = 4096; at < length - 4096; at += 4096)
		memcpy(text + at, later, strlen(later));
	file = file_of(text, length);
	begin(&reading);
	assert_int_equal(swk_watch_read(&reading.watch, fileno(file), swk_now_ms() + 600000, &kind,
					&reading.error),
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
	enum swk_watch_kind kind;
	struct reading reading;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "[]", 2), 2);
	begin(&reading);
	assert_int_equal(
		swk_watch_read(&reading.watch, ends[0], swk_now_ms(), &kind, &reading.error),
		SWK_DATA);
	unit_says("in time", reading.error.text, "did not end in time");
	free(end(&reading));
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void descriptor_that_cant_be_read(void **state)
{
	enum swk_watch_kind kind;
	struct reading reading;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	(void)close(ends[0]);
	begin(&reading);
	assert_int_equal(swk_watch_read(&reading.watch, ends[0], swk_now_ms() + 600000, &kind,
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
		cmocka_unit_test(documents_in_pieces),
		cmocka_unit_test(documents_cut_short),
		cmocka_unit_test(raw_nul),
		cmocka_unit_test(instances),
		cmocka_unit_test(large_between_two_good),
		cmocka_unit_test(large_in_a_list),
		cmocka_unit_test(document_over_its_limit),
		cmocka_unit_test(nested_deep),
		cmocka_unit_test(sink_ends_the_reading),
		cmocka_unit_test(read_from_a_descriptor),
		cmocka_unit_test(refused_document_is_read_to_its_end),
		cmocka_unit_test(writer_that_stays),
		cmocka_unit_test(descriptor_that_cant_be_read),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
