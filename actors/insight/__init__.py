"""The tools that look at the whole: `meta`, `onboard`, `tool_usage`, `awakening_status`."""
