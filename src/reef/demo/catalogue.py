"""The demo's sixty locations: who owns them, what they hold, which environment they need.

One line a location: name | shape | partitions | assets | schedule | sensors | extras. Stages of assets are
separated by `>`; each asset of a stage reads the first asset of the stage before it.
"""

# ruff: noqa: E501 (the table reads better unwrapped)
from __future__ import annotations

from dataclasses import dataclass

BROKEN = "erp-bridge"
HUNGRY = "route-planner"
PANDAS = "demand-forecast"

_TABLE = {
    "commerce": """
orders            | plain   | daily                | raw_orders > orders_clean > orders_by_channel order_margins       | 5 * * * *    | instance        | check
returns           | plain   | daily                | raw_returns > returns_clean > return_reasons_summary             | 20 6 * * *   | cursor          | check
catalogue         | package | -                    | raw_products raw_categories > products_clean > catalogue_publish | 10 * * * *   | files           | env=sku
price-lists       | factory | static:eu,uk,us      | list_prices promo_prices outlet_prices                           | 0 5 * * *    | quiet           | env=tariffs-1
customs-duties    | plain   | static:eu,uk,us      | raw_shipments > duties_summary                                   | 30 5 * * *   | cursor          | env=tariffs-2
baskets           | graph   | -                    | raw_baskets > baskets_clean > basket_affinity_scores             | */15 * * * * | instance        |
search-ranking    | plain   | -                    | raw_clicks > clicks_clean > ranking_scores > ranking_publish     | 40 * * * *   | cursor instance | config
marketplace-feeds | multi   | static:amazon,ebay   | feed_items feed_offers feed_stock                                | 0 */4 * * *  | quiet           |
gift-cards        | plain   | -                    | raw_gift_cards > gift_card_balance_summary                       | 15 7 * * *   | instance        | check
""",
    "finance": """
ledger            | package | daily                | raw_postings > postings_clean > trial_balance_summary            | 30 2 * * *   | cursor          | check env=ledger
invoicing         | plain   | daily                | raw_invoices > invoices_clean > open_items_summary               | 35 * * * *   | instance        | check
fx-rates          | plain   | -                    | raw_rates > rates_clean > rates_publish                          | */2 * * * *  | cursor          | env=fx skip
month-end-close   | graph   | -                    | raw_accruals > accruals_clean > close_summary                    | 0 4 1 * *    | instance failure | config
cost-centres      | factory | -                    | cost_centre_actuals cost_centre_budget cost_centre_variance      | 0 6 * * 1    | quiet           |
payment-matching  | multi   | -                    | bank_lines matched_payments unmatched_payments                   | 50 * * * *   | cursor          |
tax-reports       | plain   | static:de,fr,it,es   | raw_tax_lines > tax_lines_clean > vat_summary                    | 0 3 2 * *    | quiet           | env=ledger
erp-bridge        | plain   | -                    | raw_erp_documents > erp_documents_clean                          | 0 * * * *    | cursor          | missing=sap_connector
""",
    "growth": """
campaigns         | plain   | daily                | raw_campaigns > campaigns_clean > campaign_roi_summary           | 25 * * * *   | cursor          | env=tags
attribution       | graph   | -                    | raw_touchpoints > touchpoints_clean > attribution_scores         | 0 7 * * *    | instance        |
newsletter        | plain   | -                    | raw_subscribers > subscribers_clean > newsletter_publish         | 0 8 * * 2    | files           | check
ab-tests          | package | -                    | raw_exposures > exposures_clean > experiment_scores              | */30 * * * * | cursor          | config
referrals         | plain   | -                    | raw_referrals > referral_summary                                 | 45 7 * * *   | quiet           |
ad-spend          | multi   | daily                | spend_search spend_social spend_display                          | 55 5 * * *   | instance        |
web-analytics     | factory | daily                | sessions page_views bounces goals                                | 12 * * * *   | cursor          |
seo-audit         | plain   | -                    | raw_crawl > crawl_clean > audit_scores                           | 0 4 * * 3    | quiet           | check
""",
    "logistics": """
warehouses        | plain   | static:ham,lyon,poznan | raw_stock > stock_clean > stock_summary                        | 5 */2 * * *  | instance        | check
route-planner     | plain   | -                    | raw_stops > stops_clean > route_scores                           | 0 5 * * *    | quiet           | env=routing hungry
parcel-labels     | package | -                    | raw_parcels > parcels_clean > labels_publish                     | */10 * * * * | cursor          | env=labels skip
carriers          | factory | -                    | carrier_rates carrier_service_levels carrier_claims              | 0 6 * * *    | quiet           |
track-and-trace   | plain   | multi                | raw_scans > scans_clean > delivery_time_summary                  | 18 * * * *   | cursor instance | env=geo
cold-chain        | plain   | daily                | raw_temperatures > temperatures_clean > excursion_scores         | */3 * * * *  | cursor          | check skip
fleet-telemetry   | multi   | daily                | vehicle_positions vehicle_faults vehicle_fuel                    | 22 * * * *   | files           |
slotting          | graph   | -                    | raw_pick_lines > pick_lines_clean > slot_scores                  | 0 1 * * 7    | instance        |
""",
    "customer-care": """
tickets           | plain   | daily                | raw_tickets > tickets_clean > first_response_summary             | 8 * * * *    | cursor          | check
call-centre       | plain   | -                    | raw_calls > calls_clean > agent_scores                           | 38 * * * *   | instance        |
reviews           | graph   | -                    | raw_reviews > reviews_clean > sentiment_scores                   | 0 */3 * * *  | cursor          |
refund-requests   | package | -                    | raw_refund_requests > refunds_clean > refunds_publish            | */20 * * * * | instance        | check config
knowledge-base    | plain   | static:de,en,fr      | raw_articles > articles_clean                                    | 0 2 * * *    | files           |
csat              | factory | -                    | csat_answers csat_by_agent csat_by_topic                         | 30 8 * * *   | quiet           |
churn-risk        | plain   | -                    | raw_contracts > contracts_clean > churn_scores                   | 0 5 * * *    | instance        | env=churn check
""",
    "data-platform": """
warehouse-copies  | factory | daily                | copy_orders copy_customers copy_stock copy_ledger copy_tickets   | 0 1 * * *    | quiet           |
freshness         | plain   | -                    | raw_freshness > freshness_summary                                | */2 * * * *  | instance failure | skip
row-counts        | multi   | -                    | source_counts target_counts count_differences                    | 28 * * * *   | cursor          | check
retention         | graph   | -                    | raw_partitions > partitions_clean > retention_publish            | 0 0 * * *    | quiet           | config
usage-costs       | plain   | daily                | raw_usage > usage_clean > cost_by_team_summary                   | 0 6 * * *    | cursor          | setting=BILLING_ACCOUNT
backfill-canary   | plain   | multi                | raw_canary > canary_clean                                        | 52 * * * *   | instance        | check
pii-scan          | package | -                    | raw_columns > columns_clean > pii_scores                         | 0 22 * * *   | files           |
""",
    "risk": """
fraud-signals     | plain   | -                    | raw_payments > payments_clean > fraud_scores > fraud_publish     | * * * * *    | cursor instance | check skip
sanctions         | plain   | -                    | raw_watchlist > watchlist_clean > watchlist_hits_summary         | 0 */6 * * *  | files           |
credit-limits     | package | -                    | raw_accounts > accounts_clean > limit_scores                     | 0 3 * * *    | instance        | config check
device-graph      | graph   | -                    | raw_devices > devices_clean > device_scores                      | 33 * * * *   | cursor          |
chargebacks       | multi   | daily                | chargeback_cases chargeback_losses                               | 0 7 * * *    | quiet           |
model-monitoring  | factory | -                    | drift_report calibration_report latency_report                   | 44 * * * *   | instance failure |
""",
    "planning": """
demand-forecast   | pandas  | -                    | raw_demand > demand_clean > demand_forecast                      | 0 4 * * *    | instance        | env=pandas check
replenishment     | plain   | static:ham,lyon,poznan | raw_levels > levels_clean > order_proposals_summary            | 0 5 * * *    | cursor          | check
workforce         | plain   | -                    | raw_shifts > shifts_clean > roster_publish                       | 0 12 * * 5   | quiet           |
store-openings    | graph   | -                    | raw_sites > sites_clean > site_scores                            | 0 9 1 * *    | quiet           | config
promo-calendar    | package | -                    | raw_promos > promos_clean > calendar_publish                     | 58 * * * *   | files           |
supplier-lead-times | plain | daily                | raw_deliveries > deliveries_clean > lead_time_summary            | 0 6 * * *    | instance        | check
capacity          | factory | -                    | dock_capacity picker_capacity van_capacity                       | 48 * * * *   | cursor          |
""",
}


@dataclass(frozen=True)
class Entry:
    """One location as the table has it; `env` names one of the environments, "" is the default one."""

    name: str
    owner: str
    shape: str
    partitions: str
    stages: tuple[tuple[str, ...], ...]
    cron: str
    sensors: tuple[str, ...]
    env: str = ""
    extras: frozenset[str] = frozenset()

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def assets(self) -> tuple[str, ...]:
        return tuple(asset for stage in self.stages for asset in stage)

    def setting(self, key: str) -> str | None:
        """The value of an extra written `key=value`."""
        found = (extra.partition("=")[2] for extra in self.extras if extra.startswith(f"{key}="))
        return next(found, None)


def entries() -> tuple[Entry, ...]:
    """All sixty, in the order of the table."""
    return tuple(
        _entry(owner, line) for owner, lines in _TABLE.items() for line in lines.strip().splitlines()
    )


def _entry(owner: str, line: str) -> Entry:
    name, shape, partitions, assets, cron, sensors, extras = (cell.strip() for cell in line.split("|"))
    stages = tuple(tuple(stage.split()) for stage in assets.split(">"))
    entry = Entry(
        name, owner, shape, "" if partitions == "-" else partitions, stages, cron, tuple(sensors.split())
    )
    words = frozenset(extras.split())
    plain = Entry(**{**vars(entry), "extras": words})
    return Entry(**{**vars(plain), "env": plain.setting("env") or ""})
