-- What can be said of a household before any figure of a policy: land, books, loans, people. Sealed with a run, so
-- that another policy can be tried on the same households.
CREATE TABLE leases_running AS
SELECT * FROM leases WHERE (starts_on IS NULL OR starts_on <= as_of()) AND (ends_on IS NULL OR ends_on >= as_of());

CREATE TABLE area_known AS  -- LEAST passes over nulls
WITH owned AS (
    SELECT unit_code, sum(mu4(area_mu)) AS mu, bool_or(method_code IS NULL) AS lacks_method
    FROM parcels WHERE counts_as_own(method_code, getvariable('counted_methods')) GROUP BY unit_code
), given AS (
    SELECT from_unit_code AS unit_code, sum(mu4(area_mu)) AS mu FROM leases_running
    WHERE from_unit_code IS NOT NULL GROUP BY 1
), taken AS (
    SELECT to_unit_code AS unit_code, sum(mu4(area_mu)) AS mu FROM leases_running
    WHERE to_unit_code IS NOT NULL GROUP BY 1
), subsidy AS (
    SELECT unit_code, sum(mu4(subsidised_mu)) AS mu
    FROM (SELECT *, max(year) OVER (PARTITION BY unit_code) AS latest FROM subsidies WHERE year <= year(as_of()))
    WHERE year = latest GROUP BY unit_code
), known AS (
    SELECT h.unit_code, coalesce(lacks_method, false) AS lacks_method, given.mu AS leased_out,
           taken.mu AS leased_in, subsidy.mu AS subsidised,
           CASE WHEN owned.mu IS NOT NULL OR given.mu IS NOT NULL OR taken.mu IS NOT NULL
                THEN greatest(0, coalesce(owned.mu, 0) - coalesce(given.mu, 0) + coalesce(taken.mu, 0)) END AS register
    FROM households AS h LEFT JOIN owned USING (unit_code) LEFT JOIN given USING (unit_code)
    LEFT JOIN taken USING (unit_code) LEFT JOIN subsidy USING (unit_code)
)
SELECT known.*, least(register, subsidised) AS area FROM known;

-- Land leased in on the day: a year's rent where the list names it, and the land of which it names none.
CREATE TABLE rented AS
SELECT to_unit_code AS unit_code, crop, CAST(sum(fen(rent_yuan)) AS HUGEINT) AS rent_fen,
    CAST(sum(CASE WHEN rent_yuan IS NULL THEN mu4(area_mu) END) AS HUGEINT) AS mu
FROM leases_running WHERE to_unit_code IS NOT NULL GROUP BY ALL;

CREATE TABLE crop_scaled AS  -- declared crops scaled down to the land that counts
WITH declared AS (
    SELECT unit_code, crop, sum(mu4(area_mu)) AS declared, sum(fen(delivered_kg)) AS delivered
    FROM (SELECT *, max(year) OVER (PARTITION BY unit_code) AS latest FROM crops WHERE year <= year(as_of()))
    WHERE year = latest GROUP BY unit_code, crop
), summed AS (
    SELECT declared.*, area, sum(declared) OVER (PARTITION BY unit_code) AS every
    FROM declared JOIN area_known USING (unit_code)
)
SELECT unit_code, crop, declared, delivered,
       CASE WHEN area IS NULL THEN 0 WHEN every <= area THEN declared ELSE down(declared * area, every) END AS worked
FROM summed;

CREATE TABLE recent_books AS
SELECT *,
    coalesce(planting_income_yuan, 0) + coalesce(livestock_income_yuan, 0) + coalesce(trade_income_yuan, 0)
        AS shared_income
FROM books WHERE in_latest_three_years(year, year(as_of()));

CREATE TABLE book_crop AS
WITH yearly AS (
    SELECT unit_code, CASE WHEN shared_income = 0 THEN 0
        ELSE fen(planting_income_yuan) * 10000000000 - up(fen(production_cost_yuan) * fen(planting_income_yuan)
            * 10000000000, fen(shared_income)) END AS e12
    FROM recent_books WHERE planting_income_yuan IS NOT NULL AND production_cost_yuan IS NOT NULL
)
SELECT unit_code, down(sum(e12), count(*)) AS e12 FROM yearly GROUP BY unit_code;

CREATE TABLE book_means AS  -- a unit's mean of each part, and of how many years
SELECT unit_code,
       down(sum(fen(livestock_income_yuan)) * 10000000000, count(livestock_income_yuan)) AS livestock,
           count(livestock_income_yuan) AS livestock_years,
       down(sum(fen(wage_income_yuan)) * 10000000000, count(wage_income_yuan)) AS wages,
           count(wage_income_yuan) AS wages_years,
       down(sum(fen(trade_income_yuan)) * 10000000000, count(trade_income_yuan)) AS trade,
           count(trade_income_yuan) AS trade_years,
       down(sum(fen(transfer_income_yuan)) * 10000000000, count(transfer_income_yuan)) AS transfers,
           count(transfer_income_yuan) AS transfers_years
FROM recent_books GROUP BY unit_code;

-- of livestock and people, from the latest book; a count from before the three years is no longer known
CREATE TABLE heads AS
SELECT unit_code, coalesce(arg_max(sheep, year), 0) AS sheep, coalesce(arg_max(cattle, year), 0) AS cattle,
       coalesce(arg_max(persons, year), 0) AS book_persons, arg_max(assets_yuan, year) AS assets_yuan
FROM books WHERE year BETWEEN year(as_of()) - 3 AND year(as_of()) GROUP BY unit_code;

CREATE TABLE machines_owned AS  -- by whole years since they were bought
SELECT unit_code, date_diff('year', bought_on, as_of()) - CASE
    WHEN strftime(bought_on, '%m%d') > strftime(as_of(), '%m%d') THEN 1 ELSE 0 END AS years,
       CAST(sum(fen(unit_price_yuan) * machine_count) AS HUGEINT) AS price_fen
FROM machines
WHERE link_status <> 'provisional' AND status = '已结算' AND unit_price_yuan IS NOT NULL AND bought_on <= as_of()
GROUP BY ALL;

CREATE TABLE loans_open AS
SELECT unit_code, product_name, fen(credit_yuan) AS credit_fen, fen(balance_yuan) AS balance_fen,
       -- secured only by a word that says so: a word that nobody knows takes nothing from what is owed without security
       guarantee IS NULL OR regexp_matches(guarantee, '^(?:信用|无|免)')
           OR NOT regexp_matches(guarantee, '抵|押|保|组合') AS is_unsecured, link_status,
       CASE WHEN due_on IS NULL OR due_on <= as_of() THEN 1
            ELSE greatest(1, date_diff('year', as_of(), due_on) + CASE WHEN strftime(due_on, '%m%d')
                > strftime(as_of(), '%m%d') THEN 1 ELSE 0 END) END AS years
FROM exposures;

CREATE TABLE adults AS  -- who may borrow, the first first
SELECT unit_code, member_no, relation,
       date_diff('year', birth_date, as_of()) - CASE
           WHEN strftime(birth_date, '%m%d') > strftime(as_of(), '%m%d') THEN 1 ELSE 0 END AS age,
       row_number() OVER (PARTITION BY unit_code ORDER BY CASE relation WHEN 'head' THEN 0 WHEN 'spouse' THEN 1
           ELSE 2 END, birth_date, member_no) AS place
FROM members
WHERE is_living AND is_resident AND has_valid_id AND birth_date <= CAST(as_of() - INTERVAL 18 YEAR AS DATE);

CREATE TABLE loan_names AS SELECT DISTINCT unit_code, product_name FROM conducts;

CREATE TABLE arrears AS  -- by the member who borrowed, where known
SELECT unit_code, member_no, max(days_overdue) AS days FROM conducts
WHERE link_status <> 'provisional' AND NOT (coalesce(is_relief, false) AND coalesce(relief_proof, '') <> '')
  AND coalesce(cutoff_on >= as_of() - INTERVAL 5 YEAR, true)
GROUP BY unit_code, member_no HAVING days > 0;

CREATE TABLE marks AS  -- what stands against a household whatever a policy says
SELECT DISTINCT unit_code, mark FROM (
    SELECT unit_code, 'held' AS mark FROM held UNION ALL  -- stopped by a person, until released
    SELECT unit_code, CASE WHEN objection_type = '撤回同意' AND is_contested IS NOT TRUE THEN 'withdrew'
                           -- a withdrawal by a number of two households declines neither and scores neither: a
                           -- person looks whose it is
                           WHEN objection_type <> '数据异议' THEN 'objects' END FROM objections UNION ALL
    SELECT unit_code, CASE WHEN link_status = 'provisional' THEN 'doubtful'
        WHEN link_status <> 'provisional' THEN 'related' END FROM related_parties UNION ALL
    SELECT unit_code, 'doubtful' FROM exposures WHERE link_status = 'provisional' UNION ALL
    SELECT unit_code, 'doubtful' FROM conducts WHERE link_status = 'provisional' UNION ALL
    -- an entry that nobody can read may be of this household
    SELECT unit_code, 'doubtful' FROM unread_adverse UNION ALL
    SELECT unit_code, 'recoded' FROM recoded UNION ALL
    SELECT unit_code, 'lacking' FROM lacking UNION ALL
    SELECT unit_code, 'disputed' FROM unsettled
) WHERE mark IS NOT NULL;

CREATE TABLE turnovers AS  -- of the twelve complete months before the day, as far as they were settled
SELECT unit_code, CAST(sum(fen(settled_yuan)) AS HUGEINT) AS turnover_fen, count(*) AS turnover_months
FROM turnover
WHERE month < date_trunc('month', as_of()) AND month >= date_trunc('month', as_of()) - INTERVAL 12 MONTH
GROUP BY unit_code;

CREATE TABLE known AS  -- one row a household: its land, books, heads, probability, and who of it may borrow first
WITH declared AS (
    SELECT unit_code, sum(declared) AS declared FROM crop_scaled GROUP BY unit_code
)
SELECT a.unit_code, lacks_method, leased_out, leased_in, subsidised, register, area, d.declared,
       -- land of which nobody says what grows on it
       CASE WHEN area > coalesce(d.declared, 0) THEN area - coalesce(d.declared, 0) END AS residue,
       book_crop.e12 AS book_e12, livestock, livestock_years, wages, wages_years, trade, trade_years, transfers,
           transfers_years, turnover_fen, turnover_months,
       greatest(h.persons_register, coalesce(heads.book_persons, 0)) AS persons,
       coalesce(heads.sheep, 0) AS sheep, coalesce(heads.cattle, 0) AS cattle,
           coalesce(fen(heads.assets_yuan), 0) AS declared_fen,
       s.default_probability_ppm AS ppm, first.member_no AS first_member_no, first.relation AS first_relation,
           first.age AS first_age
FROM area_known AS a JOIN households AS h USING (unit_code) LEFT JOIN declared AS d USING (unit_code)
LEFT JOIN book_crop USING (unit_code)
LEFT JOIN book_means USING (unit_code) LEFT JOIN turnovers USING (unit_code)
LEFT JOIN heads USING (unit_code) LEFT JOIN scored AS s USING (unit_code)
LEFT JOIN adults AS first ON first.unit_code = a.unit_code AND first.place = 1;
