/* SPDX-License-Identifier: MIT */
/*
 * flip COUNT CHECK DETAIL - makes a TTL check critical and passing in turns, COUNT times. CHECK is
 * its update URL. For each flip prints the milliseconds from the request to the agent until the
 * answer to a GET of DETAIL changes. Exits with 1 if that takes ten seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <curl/curl.h>

/* Pause between two GETs of DETAIL. Without it, flip would take the processor from the programs
 * that it measures. */
#define SAMPLE_PAUSE_NS 300000
/* Pause between two flips, plus a random part. The agent and nginx come to rest, and flips do not
 * follow their timers. */
#define REST_MS 100
#define REST_MORE_MS 100
#define TIMEOUT_MS 10000

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

/* Returns a handle that keeps its connection open. */
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
		if (clock_ms() - start > TIMEOUT_MS) {
			fprintf(stderr, "flip: nothing changed in %d ms\n", TIMEOUT_MS);
			exit(1);
		}
		rest(SAMPLE_PAUSE_NS);
	}
}

int main(int argc, char **argv)
{
	/* The gateway does not log requests with this header. */
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
