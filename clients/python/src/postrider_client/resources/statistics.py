from __future__ import annotations

from datetime import datetime
from typing import Literal, Optional, Sequence, Union

from ..types import AccountStatistics, AccountStatisticsMeasure, Statistics, StatisticsMeasure
from ._resource import Resource


class StatisticsOverTime(Resource):
    """What was accepted and delivered in each step of time."""

    def get(
        self,
        *,
        measure: Optional[Sequence[StatisticsMeasure]] = None,
        step: Optional[Literal["1m", "1h", "1d"]] = None,
        after: Union[str, datetime, None] = None,
        before: Union[str, datetime, None] = None,
    ) -> Statistics:
        """The statistics of the installation: by default every measure, by the hour, over the last day."""
        query = {"measure": _joined(measure), "step": step, "after": after, "before": before}
        found: Statistics = self._transport.call("GET", "/v1/statistics", query=query)
        return found

    def get_of_account(
        self,
        account: str,
        *,
        measure: Optional[Sequence[AccountStatisticsMeasure]] = None,
        group_by: Optional[Literal["none", "action"]] = None,
        step: Optional[Literal["1h", "1d"]] = None,
        after: Union[str, datetime, None] = None,
        before: Union[str, datetime, None] = None,
    ) -> AccountStatistics:
        """The statistics of an account; with `group_by="action"`, of each of its busiest actions, too."""
        query = {
            "measure": _joined(measure),
            "group_by": group_by,
            "step": step,
            "after": after,
            "before": before,
        }
        found: AccountStatistics = self._transport.call(
            "GET", "/v1/accounts/{account}/statistics", parameters={"account": account}, query=query
        )
        return found


def _joined(measures: Optional[Sequence[str]]) -> Optional[str]:
    return None if measures is None else ",".join(measures)
