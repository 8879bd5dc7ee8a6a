/* SPDX-License-Identifier: MIT */
/*
 * make_document [-c] SERVICES INSTANCES [FIRST] - prints a document as /v1/health/service/NAME
 * answers it, with INSTANCES instances of each of the services svc-1 to svc-SERVICES. All are
 * passing; with -c the first instance of svc-1 is critical. With FIRST it omits the services before
 * svc-FIRST, so that one document can continue another. tests/fixtures has what Consul 1.8.7
 * writes. An instance here has about as many bytes as those: 1,500.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFINITION                                                                                 \
	"\"Definition\":{\"Interval\":\"0s\",\"Timeout\":\"0s\",\"DeregisterCriticalServiceAfter"  \
	"\":\"0s\",\"HTTP\":\"\",\"Header\":null,\"Method\":\"\",\"Body\":\"\",\"TLSSkipVerify\""  \
	":false,\"TCP\":\"\"}"

/* A node has ten instances, of ten services if there are so many. */
struct place {
	unsigned long service, instance, node, index;
	char address[16];
};

static void print_node(const struct place *at)
{
	printf("{\"Node\":{\"ID\":\"dda09e17-5fc6-9ee9-abe4-%012lx\",\"Node\":\"host-%lu\","
	       "\"Address\":\"172.16.%lu.%lu\",\"Datacenter\":\"dc1\",\"TaggedAddresses\":{"
	       "\"lan\":\"172.16.%lu.%lu\",\"lan_ipv4\":\"172.16.%lu.%lu\","
	       "\"wan\":\"172.16.%lu.%lu\",\"wan_ipv4\":\"172.16.%lu.%lu\"},"
	       "\"Meta\":{\"consul-network-segment\":\"\"},\"CreateIndex\":10,\"ModifyIndex\":12},",
	       at->node, at->node, at->node >> 8, at->node & 255, at->node >> 8, at->node & 255,
	       at->node >> 8, at->node & 255, at->node >> 8, at->node & 255, at->node >> 8,
	       at->node & 255);
}

static void print_service(const struct place *at)
{
	printf("\"Service\":{\"ID\":\"svc-%lu-%lu\",\"Service\":\"svc-%lu\",\"Tags\":[\"primary\"],"
	       "\"Meta\":{\"version\":\"1.14.2\"},\"Port\":8080,\"Address\":\"%s\","
	       "\"TaggedAddresses\":{\"lan_ipv4\":{\"Address\":\"%s\",\"Port\":8080},"
	       "\"wan_ipv4\":{\"Address\":\"%s\",\"Port\":8080}},"
	       "\"Weights\":{\"Passing\":10,\"Warning\":1},\"EnableTagOverride\":false,"
	       "\"CreateIndex\":%lu,\"ModifyIndex\":%lu,"
	       "\"Proxy\":{\"MeshGateway\":{},\"Expose\":{}},\"Connect\":{}},",
	       at->service, at->instance, at->service, at->address, at->address, at->address,
	       at->index, at->index);
}

static void print_checks(const struct place *at, const char *status)
{
	printf("\"Checks\":[{\"Node\":\"host-%lu\",\"CheckID\":\"serfHealth\","
	       "\"Name\":\"Serf Health Status\",\"Status\":\"passing\",\"Notes\":\"\","
	       "\"Output\":\"Agent alive and reachable\",\"ServiceID\":\"\",\"ServiceName\":\"\","
	       "\"ServiceTags\":[],\"Type\":\"\"," DEFINITION
	       ",\"CreateIndex\":10,\"ModifyIndex\":10},",
	       at->node);
	printf("{\"Node\":\"host-%lu\",\"CheckID\":\"service:svc-%lu-%lu\","
	       "\"Name\":\"Service 'svc-%lu' check\",\"Status\":\"%s\",\"Notes\":\"\","
	       "\"Output\":\"HTTP GET http://%s:8080/health: 200 OK Output: ok\","
	       "\"ServiceID\":\"svc-%lu-%lu\",\"ServiceName\":\"svc-%lu\","
	       "\"ServiceTags\":[\"primary\"],\"Type\":\"http\"," DEFINITION
	       ",\"CreateIndex\":%lu,\"ModifyIndex\":%lu}]}",
	       at->node, at->service, at->instance, at->service, status, at->address, at->service,
	       at->instance, at->service, at->index, at->index);
}

int main(int argc, char **argv)
{
	int critical = argc > 1 && strcmp(argv[1], "-c") == 0;
	unsigned long services, instances, first;
	struct place at = {0};

	if (argc < 3 + critical || argc > 4 + critical) {
		fprintf(stderr, "usage: make_document [-c] SERVICES INSTANCES [FIRST]\n");
		return 64;
	}
	services = strtoul(argv[1 + critical], NULL, 10);
	instances = strtoul(argv[2 + critical], NULL, 10);
	first = argc == 4 + critical ? strtoul(argv[3 + critical], NULL, 10) : 1;
	at.index = (first - 1) * instances;
	for (at.service = first; at.service <= services; at.service++) {
		for (at.instance = 1; at.instance <= instances; at.instance++) {
			unsigned long n = at.index++;

			at.node = (services < 10 ? n / 10 : n % (services * instances / 10)) + 1;
			snprintf(at.address, sizeof(at.address), "10.%lu.%lu.%lu", n >> 16 & 255,
				 n >> 8 & 255, n & 255);
			putchar(n == (first - 1) * instances ? '[' : ',');
			print_node(&at);
			print_service(&at);
			print_checks(&at, critical && n == 0 ? "critical" : "passing");
		}
	}
	puts("]");
	return fflush(stdout) != 0;
}
