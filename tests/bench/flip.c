/* SPDX-License-Identifier: MIT */
/*
 * flip COUNT CHECK DETAIL - makes the TTL check whose update URL is CHECK critical and passing in
 * turns, so often, and prints for each flip the milliseconds from before the request to the agent
 * until what DETAIL answers is another than before. Status 1 where that takes ten seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <curl/curl.h>

/* Between two looks: who looks all the time takes the processor from those that are looked at. */
#define LOOK_NS 300000
/* Between two flips, and by chance so much more: the agent and nginx have come to rest, and nothing
 * keeps step with their timers. */
#define REST_MS 100
#define REST_MORE_MS 100
#define GIVEN_UP_MS 10000

struct answer {
	size_t length;
	char text[1 << 20];
};

static struct answer before, now, nothing;

static double clock_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void rest(long ns)
{
	struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	nanosleep(&time, NULL);
}

static size_t take(const char *data, size_t size, size_t count, void *into)
{
	struct answer *answer = into;

	if (size * count > sizeof(answer->text) - answer->length)
		return 0;
	memcpy(answer->text + answer->length, data, size * count);
	answer->length += size * count;
	return size * count;
}

/* A handle that keeps its connection. */
static CURL *asker(const char *url)
{
	CURL *curl = curl_easy_init();

	if (!curl)
		exit(70);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	return curl;
}

static void ask(CURL *curl, struct answer *answer)
{
	CURLcode code;

	answer->length = 0;
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK) {
		fprintf(stderr, "flip: %s\n", curl_easy_strerror(code));
		exit(1);
	}
}

static int same(void)
{
	return before.length == now.length && memcmp(before.text, now.text, now.length) == 0;
}

static double flip(CURL *check, CURL *detail, int passing)
{
	double start;

	ask(detail, &before);
	curl_easy_setopt(check, CURLOPT_CUSTOMREQUEST, "PUT");
	curl_easy_setopt(check, CURLOPT_COPYPOSTFIELDS,
			 passing ? "{\"Status\":\"passing\"}" : "{\"Status\":\"critical\"}");
	start = clock_ms();
	ask(check, &nothing);
	for (;;) {
		ask(detail, &now);
		if (!same())
			return clock_ms() - start;
		if (clock_ms() - start > GIVEN_UP_MS) {
			fprintf(stderr, "flip: nothing changed in %d ms\n", GIVEN_UP_MS);
			exit(1);
		}
		rest(LOOK_NS);
	}
}

int main(int argc, char **argv)
{
	/* The gateway's log of requests leaves out who says this. */
	struct curl_slist *headers = curl_slist_append(NULL, "X-Observer: 1");
	CURL *check, *detail;
	long count;

	if (argc != 4) {
		fprintf(stderr, "usage: flip COUNT CHECK DETAIL\n");
		return 64;
	}
	count = strtol(argv[1], NULL, 10);
	check = asker(argv[2]);
	detail = asker(argv[3]);
	curl_easy_setopt(detail, CURLOPT_HTTPHEADER, headers);
	for (long i = 0; i < count; i++) {
		rest((REST_MS + random() % REST_MORE_MS) * 1000000);
		printf("%.2f\n", flip(check, detail, (int)(i % 2)));
	}
	curl_easy_cleanup(check);
	curl_easy_cleanup(detail);
	curl_slist_free_all(headers);
	return 0;
}
