/* SPDX-License-Identifier: MIT */
#include "target/dyups/dyups.h"

const char *const swk_target_kinds[] = {"dyups", NULL};
const struct swk_target_keys *const swk_target_keys[] = {&swk_dyups_keys};

const struct swk_target_kind *swk_target_kind(unsigned kind)
{
	static const struct swk_target_kind *const kinds[] = {&swk_target_dyups};

	return kinds[kind];
}
