"""The tools `tool_usage` and `awakening_status` as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.insight import messages as im
from mimo.actors.insight.parameters import result, take
from mimo.actors.operations import CallContext, Operation, Tool

Arguments = Mapping[str, Any]

INSIGHT: Final = ("tools/insight",)


def _stats(arguments: Arguments, _context: CallContext) -> im.UsageStats:
    return im.UsageStats(
        days=arguments.get("days", 30),
        limit=arguments.get("limit", 50),
        include_daily=arguments.get("include_daily", False),
    )


def _detail(arguments: Arguments, _context: CallContext) -> im.UsageDetail:
    return im.UsageDetail(
        tool=arguments["tool_name"],
        days=arguments.get("days", 30),
        limit=arguments.get("limit", 50),
    )


def _trends(arguments: Arguments, _context: CallContext) -> im.UsageTrends:
    return im.UsageTrends(days=arguments.get("days", 30), limit=arguments.get("limit", 50))


def _status(arguments: Arguments, _context: CallContext) -> im.Status:
    return im.Status(
        include_achievements=arguments.get("include_achievements", False),
        include_guidance=arguments.get("include_guidance", True),
    )


_USED: Final = ("summary", "performance", "failures", "failing")

TOOL_USAGE: Final = Tool(
    name="tool_usage",
    title="Tool usage",
    description=(
        "How the tools were used: latencies, failures, trends, each with its sample size."
    ),
    operations=(
        Operation(
            name="stats",
            summary="Rank tools, with latencies and failures.",
            parameters=take("days", "limit", "include_daily"),
            result=result(("days", "since", "rankings", *_USED, "record", "generated_at"), "daily"),
            effect="read",
            idempotent=True,
            worker=INSIGHT,
            build=_stats,
            example={"days": 7},
        ),
        Operation(
            name="detail",
            summary="Show one tool: operations, days, arguments.",
            parameters=take("tool_name", "days", "limit"),
            required=("tool_name",),
            result=result(
                ("tool_name", "days", "since", *_USED, "daily", "common_arguments", "generated_at")
            ),
            effect="read",
            idempotent=True,
            worker=INSIGHT,
            build=_detail,
            example={"tool_name": "memory"},
        ),
        Operation(
            name="trends",
            summary="Compare with the time before.",
            parameters=take("days", "limit"),
            result=result(("days", "since", "trends", "remark", "generated_at")),
            effect="read",
            idempotent=True,
            worker=INSIGHT,
            build=_trends,
            example={"days": 7},
        ),
    ),
)

AWAKENING_STATUS: Final = Tool(
    name="awakening_status",
    title="Status",
    description=("Honest counts of what Mimo holds; levels are made of them and unlock nothing."),
    operations=(
        Operation(
            name="status",
            summary="Show counts, measured shares and the level.",
            parameters=take("include_achievements", "include_guidance"),
            result=result(
                (
                    *("power_level", "wisdom_stats", "measured", "unlocked_capabilities"),
                    *("record", "generated_at"),
                ),
                *("behavioral_guidance", "achievements"),
            ),
            effect="read",
            idempotent=True,
            worker=INSIGHT,
            build=_status,
            example={"include_guidance": True},
        ),
    ),
)
