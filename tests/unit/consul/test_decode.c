/* SPDX-License-Identifier: MIT */
#include "document.h"

/* ---- instances ---- */

static void instances(void **state)
{
#define IS_UNREADABLE "unreadable web: instance 0 ('w1', line 1): "
#define PORTS(port, ports) "\"ID\":\"w1\",\"Service\":\"web\"" port ",\"Ports\":" ports
	static const struct {
		const char *element, *record;
	} rows[] = {
		/* a complete instance, with members that are not used */
		{"{\"Node\":{\"ID\":\"x\",\"Node\":\"n1\",\"Address\":\"10.0.0.9\",\"Meta\":{}},"
		 "\"Service\":{\"ID\":\"w1\",\"Service\":\"web\",\"Tags\":[\"a\",\"gray=b\"],"
		 "\"Address\":\"10.0.0.1\",\"Meta\":{\"v\":\"\\u0000\"},\"Port\":8080,"
		 "\"Weights\":{\"Passing\":1,\"Warning\":1},\"Proxy\":{\"Config\":{"
		 "\"big\":18446744073709551616}}},\"Checks\":[{\"CheckID\":\"serfHealth\","
		 "\"Status\":\"passing\"},{\"Status\":\"passing\",\"Output\":\"a\\u0000b\"}]}",
		 "instance 0 web w1@n1 10.0.0.1:8080 [a] [gray=b] passing\n"},
		/* the service's address, else the node's */
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
		/* where it is registered */
		{"{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\",\"Datacenter\":\"dc1\"},"
		 "\"Service\":{\"Service\":\"web\",\"Port\":80,\"PeerName\":\"p\"}," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:80 in=dc1 from=p passing\n"},
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"Port\":80") "," PASSING
									 ",\"PeerName\":\"p\"}",
		 "instance 0 web @n1 10.0.0.9:80 from=p passing\n"},
		/* health is that of the worst check */
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
		/* maintenance does not change health */
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
		/* a check of the service itself */
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
		{"{" NODE "," SERVICE(WEB) "}", IS_UNREADABLE "Checks is missing\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":{}}",
		 IS_UNREADABLE "Checks is not an array\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":\"passing\"}",
		 IS_UNREADABLE "Checks is not an array\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{}]}",
		 IS_UNREADABLE "a check has no Status\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[7]}",
		 IS_UNREADABLE "a check has no Status\n"},
		{"{" NODE "," SERVICE(WEB) ",\"Checks\":[{\"Status\":0}]}",
		 IS_UNREADABLE "a check has no Status\n"},
		/* ports, as any number */
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"Port\":0") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:0 passing\n"},
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"Port\":-1.5") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:-1.5 passing\n"},
		{"{" NODE
		 "," SERVICE("\"Service\":\"web\",\"Port\":18446744073709551616") "," PASSING "}",
		 "instance 0 web @n1 10.0.0.9:1.8446744073709552e+19 passing\n"},
		{"{" NODE
		 "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\",\"Port\":\"80\"") "," PASSING "}",
		 IS_UNREADABLE "Service.Port is not a number\n"},
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\",\"Port\":null") "," PASSING
											 "}",
		 IS_UNREADABLE "Service.Port is not a number\n"},
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\"") "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.9:0 passing\n"},
		/* several ports, as from Consul 1.22 */
		{"{" NODE "," SERVICE(PORTS(
			 ",\"Port\":0",
			 "[{\"Name\":\"http\",\"Port\":8080},"
			 "{\"Name\":\"grpc\",\"Port\":9090,\"Default\":true}]")) "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.9:9090 port:http=8080 port:grpc=9090 passing\n"},
		{"{" NODE "," SERVICE(PORTS(
			 "", "[{\"Name\":\"\",\"Port\":-1,\"Default\":true}]")) "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.9:-1 port:=-1 passing\n"},
		{"{" NODE "," SERVICE(
			 PORTS(",\"Port\":80",
			       "[{\"Name\":\"a\",\"Port\":1,\"Default\":false}]")) "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.9:80 port:a=1 passing\n"},
		{"{" NODE "," SERVICE(PORTS(",\"Port\":80", "[]")) "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.9:80 passing\n"},
		{"{" NODE "," SERVICE(PORTS(",\"Port\":80", "null")) "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.9:80 passing\n"},
		{"{" NODE "," SERVICE(PORTS("", "[]")) "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.9:0 passing\n"},
		{"{" NODE "," SERVICE(
			 PORTS(",\"Port\":null", "[{\"Name\":\"a\",\"Port\":1}]")) "," PASSING "}",
		 IS_UNREADABLE "Service.Port is not a number\n"},
		{"{" NODE "," SERVICE(PORTS(",\"Port\":0", "{}")) "," PASSING "}",
		 IS_UNREADABLE "Service.Ports is not an array\n"},
		{"{" NODE "," SERVICE(PORTS(",\"Port\":0", "[8080]")) "," PASSING "}",
		 IS_UNREADABLE "an entry of Service.Ports has no Name or no Port\n"},
		{"{" NODE "," SERVICE(PORTS(
			 ",\"Port\":0", "[{\"Name\":\"a\\u0000\",\"Port\":1}]")) "," PASSING "}",
		 IS_UNREADABLE "an entry of Service.Ports has no Name or no Port\n"},
		{"{" NODE "," SERVICE(
			 PORTS(",\"Port\":0", "[{\"Name\":\"a\",\"Port\":\"1\"}]")) "," PASSING "}",
		 IS_UNREADABLE "an entry of Service.Ports has no Name or no Port\n"},
		/* tags */
		{"{" NODE "," SERVICE(WEB ",\"Tags\":null") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[]") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[\"\"]") "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.1:80 [] passing\n"},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":\"a\"") "," PASSING "}",
		 IS_UNREADABLE "Service.Tags is not an array\n"},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[\"a\",7]") "," PASSING "}",
		 IS_UNREADABLE "a tag is not a string\n"},
		{"{" NODE "," SERVICE(WEB ",\"Tags\":[\"a\",\"gray=\\u0000\"]") "," PASSING "}",
		 IS_UNREADABLE "a tag contains a NUL byte\n"},
		/* tagged addresses of the service and the node */
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
		 IS_UNREADABLE "Service.TaggedAddresses is not an object\n"},
		{"{\"Node\":{\"TaggedAddresses\":\"lan\"}," SERVICE(WEB) "," PASSING "}",
		 IS_UNREADABLE "Node.TaggedAddresses is not an object\n"},
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
		 IS_UNREADABLE "Service.Meta is not an object\n"},
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
		 IS_UNREADABLE "Service.Weights.Passing is not a number\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":{\"Warning\":false}") "," PASSING "}",
		 IS_UNREADABLE "Service.Weights.Warning is not a number\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":[]") "," PASSING "}",
		 IS_UNREADABLE "Service.Weights is not an object\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":7") "," PASSING "}",
		 IS_UNREADABLE "Service.Weights is not an object\n"},
		/* the first of two reasons */
		{"{" NODE "," SERVICE(WEB ",\"Meta\":[],\"Weights\":7") ",\"Checks\":7}",
		 IS_UNREADABLE "Service.Meta is not an object\n"},
		/* mesh proxies */
		{"{" NODE "," SERVICE(WEB ",\"Kind\":\"connect-proxy\"") "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.1:80 passing proxy\n"},
		{"{" NODE "," SERVICE(WEB ",\"Connect\":{\"Native\":true}") "," PASSING "}",
		 "instance 0 web w1@n1 10.0.0.1:80 passing native\n"},
		{"{" NODE "," SERVICE(WEB ",\"Connect\":{\"Native\":false}") "," PASSING "}",
		 GOOD(0)},
		{"{" NODE "," SERVICE(
			 WEB ",\"Connect\":{\"SidecarService\":{\"Native\":true}}") "," PASSING "}",
		 GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Connect\":null") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Connect\":[true]") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":\"\"") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":null") "," PASSING "}", GOOD(0)},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":7") "," PASSING "}",
		 IS_UNREADABLE "Service.Kind is not a string\n"},
		{"{" NODE "," SERVICE(WEB ",\"Kind\":\"\\u0000\"") "," PASSING "}",
		 IS_UNREADABLE "Service.Kind contains a NUL byte\n"},
		/* texts */
		{"{" NODE "," SERVICE("\"Service\":\"web\",\"ID\":7,\"Port\":80") "," PASSING "}",
		 "unreadable web: instance 0 (line 1): Service.ID is not a string\n"},
		{"{" NODE
		 "," SERVICE("\"Service\":\"web\",\"ID\":\"a\\u0000\",\"Port\":80") "," PASSING "}",
		 "unreadable web: instance 0 (line 1): Service.ID contains a NUL byte\n"},
		{"{" NODE "," SERVICE(
			 "\"ID\":\"w1\",\"Service\":\"web\",\"Address\":7,\"Port\":80") "," PASSING
											"}",
		 IS_UNREADABLE "Service.Address is not a string\n"},
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Service\":\"web\",\"Address\":\"\\u0000\","
				      "\"Port\":80") "," PASSING "}",
		 IS_UNREADABLE "Service.Address contains a NUL byte\n"},
		{"{\"Node\":{\"Address\":\"10.0.0.9\\u0000\"}," SERVICE(
			 "\"ID\":\"w1\",\"Service\":\"web\",\"Port\":80") "," PASSING "}",
		 IS_UNREADABLE "Node.Address contains a NUL byte\n"},
		{"{\"Node\":{\"Address\":[]}," SERVICE(
			 "\"ID\":\"w1\",\"Service\":\"web\",\"Port\":80") "," PASSING "}",
		 IS_UNREADABLE "Node.Address is not a string\n"},
		{"{\"Node\":{\"Node\":{}}," SERVICE(WEB) "," PASSING "}",
		 IS_UNREADABLE "Node.Node is not a string\n"},
		{"{\"Node\":\"n1\"," SERVICE(WEB) "," PASSING "}",
		 IS_UNREADABLE "Node is not an object\n"},
		{"{" SERVICE(WEB) "," PASSING "}", IS_UNREADABLE "Node is not an object\n"},
		/* the service is unknown */
		{"{" NODE "," SERVICE("\"ID\":\"w1\",\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service.Service is missing\n"},
		{"{" NODE "," SERVICE("\"Service\":\"\",\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service.Service is missing\n"},
		{"{" NODE "," SERVICE("\"Service\":7,\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service.Service is not a string\n"},
		{"{" NODE "," SERVICE("\"Service\":\"web\\u0000x\",\"Port\":80") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service.Service contains a NUL "
		 "byte\n"},
		{"{" NODE ",\"Service\":\"web\"," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service is not an object\n"},
		{"{" NODE "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): Service is not an object\n"},
		/* JSON that jansson rejects */
		{"{" NODE "," SERVICE(WEB ",\"Meta\":{\"\\u0000\":\"\"}") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): NUL byte in object key not "
		 "supported near '\"\\u0000\"'\n"},
		{"{" NODE "," SERVICE(WEB ",\"Weights\":1e400") "," PASSING "}",
		 "unreadable (unknown): instance 0 (line 1): real number overflow near '1e400'\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char document[2048], desired[1024], *record;

		(void)snprintf(document, sizeof(document), "[%s,%s]", rows[i].element, INSTANCE);
		(void)snprintf(desired, sizeof(desired), "%s%s", rows[i].record,
			       GOOD(1) "ended: service\n");
		record = read_document(document, strlen(document));
		unit_same(rows[i].element, record, desired);
		free(record);
	}
}

/* The decoder reuses its lists. No item of one instance appears in the next, whether the next needs
 * more items or fewer, and whether the first was usable. */
static void lists_belong_to_one_instance(void **state)
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
	char *record = read_document(text, strlen(text));

	(void)state;
	assert_string_equal(
		record,
		GOOD(0) "instance 1 web w1@n1 10.0.0.1:80 [t] tagged:a=b:1 c=d passing\ninstance 2 "
			"web w1@n1 10.0.0.1:80 [u] [v] [w] tagged:e=f:1 tagged:g=h:0 i=j k=l m=n "
			"passing\nunreadable web: instance 3 ('w1', line 1): Service.Weights is "
			"not an object\n" GOOD(4) "ended: service\n");
	free(record);
}

/* ---- keys ---- */

static const struct document keys_with_others[] = {
	/* as Consul 1.8.7 answers */
	{"[{\"Key\":\"upstreams/api/10.0.0.3:81\",\"CreateIndex\":34,\"ModifyIndex\":34,"
	 "\"LockIndex\":0,\"Flags\":0,\"Value\":\"eyJ3ZWlnaHQiOjEsImJhY2t1cCI6MX0=\","
	 "\"Session\":\"\"},\n{\"Key\":\"upstreams/web/10.0.0.1:80\",\"Flags\":"
	 "18446744073709551615,\"Value\":\"eyJ3ZWlnaHQiOjIsIm1heF9mYWlscyI6MiwiZmFpbF90aW1lb3V0Ijo"
	 "xMCwiZG93biI6MH0=\"},{\"Key\":\"upstreams/web/10.0.0.2:80\",\"Value\":null}]\n",
	 "key upstreams/api/10.0.0.3:81 weight=1 backup=1\n"
	 "key upstreams/web/10.0.0.1:80 weight=2 max_fails=2 fail_timeout=10 down=0\n"
	 "key upstreams/web/10.0.0.2:80\nended: keys\n"},
	/* an undecodable key does not affect the others */
	{"[{\"Key\":\"a\"},\n{\"Value\":null},{\"Key\":7},{\"Key\":null},{\"Key\":\"\"},"
	 "{\"Key\":\"a\\u0000b\"},\n{\"Key\":\"\\ud800\"},7,null,[],{\"CheckID\":\"c\"}," INSTANCE
	 ",{\"Key\":\"b\"}]",
	 "key a\nunreadable (unknown): key 1 (line 2): Key is missing\nunreadable (unknown): key "
	 "2 (line 2): Key is not a string\nunreadable (unknown): key 3 (line 2): Key is "
	 "missing\nunreadable (unknown): key 4 (line 2): Key is missing\nunreadable (unknown): key "
	 "5 (line 2): Key contains a NUL byte\nunreadable (unknown): key 6 (line 3): invalid "
	 "Unicode '\\uD800' near '\"\\ud800\"'\nunreadable (unknown): key 7 (line 3): Key is "
	 "missing\nunreadable (unknown): key 8 (line 3): Key is missing\nunreadable (unknown): key "
	 "9 (line 3): Key is missing\nunreadable (unknown): key 10 (line 3): Key is "
	 "missing\nunreadable (unknown): key 11 (line 3): Key is missing\nkey b\nended: keys\n"},
};

static void keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys_with_others); i++) {
		good(&keys_with_others[i], KEYS);
		split_anywhere(keys_with_others[i].text, KEYS);
		cut_short(keys_with_others[i].text, KEYS);
	}
}

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
#define NO_OBJECT ": its value is not a JSON object"
	static const struct {
		const char *value, *record;
	} rows[] = {
		{"", ""},
		{"{}", ""},
		{" {\"weight\" : 2}\n", " weight=2"},
		/* numbers, unchanged */
		{"{\"a\":0,\"b\":-1,\"c\":65535,\"d\":1e3,\"e\":2.5,\"f\":-1.7976931348623157e308,"
		 "\"g\":18446744073709551616,\"h\":1.0000000000000002}",
		 " a=0 b=-1 c=65535 d=1000 e=2.5 f=-1.7976931348623157e+308 "
		 "g=1.8446744073709552e+19 h=1.0000000000000002"},
		/* texts and booleans */
		{"{\"fail_timeout\":\"10s\",\"down\":true,\"backup\":false,\"x\":\"\"}",
		 " fail_timeout=10s down=1 backup=0 x="},
		/* values that are skipped */
		{"{\"a\":null,\"b\":[1],\"c\":{\"d\":1},\"e\":\"f\\u0000\",\"g\":1}", " g=1"},
		/* not an object */
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
		const char *value, *record;
	} raw[] = {
		{"\"\"", ""},
		{"null", ""},
		{"\"e30=\"", ""},
		{"\"eyJhIjox\\u0066Q==\"", " a=1"}, /* {"a":1} */
		{"\"eyJhIjox\\u0000fQ==\"", ": its value is not base64"},
		{"\"eyJhIjoxAH0=\"", NO_OBJECT}, /* with a NUL after the 1 */
		{"\"eyJhIjoxfQA=\"", NO_OBJECT}, /* with a NUL at its end */
		{"\"eyJhIjoxfQ\"", ": its value is not base64"},
		{"\"eyJhIjoxfQ==\\n\"", ": its value is not base64"},
		{"\"{}\"", ": its value is not base64"},
		{"7", ": its value is not base64"},
		{"{}", ": its value is not base64"},
		{"[\"e30=\"]", ": its value is not base64"},
		{"false", ": its value is not base64"},
	};
	char document[1024], desired[1024], *record, *encoded;

	(void)state;
	/* A key after each one shows that nothing of it is left. */
	for (size_t i = 0; i < COUNT(rows); i++) {
		encoded = in_base64(rows[i].value, strlen(rows[i].value));
		(void)snprintf(document, sizeof(document),
			       "[{\"Key\":\"a/b\",\"Value\":\"%s\"},{\"Key\":\"c\"}]", encoded);
		(void)snprintf(desired, sizeof(desired), "key a/b%s\nkey c\nended: keys\n",
			       rows[i].record);
		record = read_either(document, strlen(document), KEYS);
		unit_same(rows[i].value, record, desired);
		free(record);
		free(encoded);
	}
	for (size_t i = 0; i < COUNT(raw); i++) {
		(void)snprintf(document, sizeof(document),
			       "[{\"Key\":\"a/b\",\"Value\":%s},{\"Key\":\"c\"}]", raw[i].value);
		(void)snprintf(desired, sizeof(desired), "key a/b%s\nkey c\nended: keys\n",
			       raw[i].record);
		record = read_either(document, strlen(document), KEYS);
		unit_same(raw[i].value, record, desired);
		free(record);
	}
}

/* A value of the largest size, between two keys without one; and a larger one. */
static void large_value(void **state)
{
	static const struct {
		size_t content;
		const char *record;
	} rows[] = {
		{SWK_ELEMENT_MAX / 4 * 3 - 60, "key a\nkey b c=1\nkey d\nended: keys\n"},
		{SWK_ELEMENT_MAX / 4 * 3,
		 "key a\nunreadable (unknown): key 1 (line 1): it is larger than 4194304 bytes\n"
		 "key d\nended: keys\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *content = unit_repeat(' ', rows[i].content), *encoded, *text, *record;
		int length;

		memcpy(content, "{\"c\":1", 6);
		content[rows[i].content - 1] = '}';
		encoded = in_base64(content, rows[i].content);
		length = asprintf(
			&text, "[{\"Key\":\"a\"},{\"Key\":\"b\",\"Value\":\"%s\"},{\"Key\":\"d\"}]",
			encoded);
		assert_true(length > 0);
		record = read_either(text, (size_t)length, KEYS);
		unit_same("the large one", record, rows[i].record);
		free(record);
		free(text);
		free(encoded);
		free(content);
	}
}

/* ---- checks ---- */

static void checks(void **state)
{
	static const struct {
		const char *check, *record;
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
		/* Undecodable checks. */
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
		char *document, *desired, *record;

		assert_true(asprintf(&document, "[%s, %s]", rows[i].check, rows[i].check) > 0);
		assert_true(asprintf(&desired, "check %s\ncheck %s\nended: checks\n",
				     rows[i].record, rows[i].record) > 0);
		record = read_checks_of(document, false);
		unit_same(rows[i].check, record, desired);
		free(record);
		record = read_checks_of(document, true);
		unit_same(rows[i].check, record, "ended: checks\n");
		free(record);
		free(document);
		free(desired);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances),   cmocka_unit_test(lists_belong_to_one_instance),
		cmocka_unit_test(keys),	       cmocka_unit_test(key_values),
		cmocka_unit_test(large_value), cmocka_unit_test(checks),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
