/* SPDX-License-Identifier: MIT */
#include "target/command/command.h"
#include "target/dynamic/dynamic.h"
#include "target/dyups/dyups.h"
#include "target/file/file.h"
#include "target/haproxy/haproxy.h"

const char *const swk_target_kinds[] = {"dyups", "command", "file", "haproxy", "dynamic", NULL};
const struct swk_target_keys *const swk_target_keys[] = {
	&swk_dyups_keys, &swk_command_keys, &swk_file_keys, &swk_haproxy_keys, &swk_dynamic_keys};

const struct swk_target_kind *swk_target_kind(unsigned kind)
{
	static const struct swk_target_kind *const kinds[] = {
		&swk_target_dyups, &swk_target_command, &swk_target_file, &swk_target_haproxy,
		&swk_target_dynamic};

	return kinds[kind];
}
