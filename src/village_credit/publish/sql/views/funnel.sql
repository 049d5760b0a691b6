-- A village in force and a stage on the way to a draw: the households that have come so far, each once, and are in every stage that it follows. Exact, for the house: only an export hides small counts
WITH known AS (  -- beside who lives there: what an office told of the household and was accepted
    SELECT household_key,
        bool_or(NOT list_has_all(['land_contractor', 'land_member'], sources)) AS has_facts
    FROM "inner".households
    WHERE run_id IN (SELECT run_id FROM "inner".in_force WHERE product IS NULL) GROUP BY ALL
), lines AS (  -- each stage in those that it follows
    SELECT l.county_code, l.township_code, l.village_code, l.household_key, true AS registered,
        coalesce(k.has_facts, false) AS facts, facts AND l.default_probability IS NOT NULL AS scored,
        scored AND l.decision = 'granted' AS granted, granted AND t.household_key IS NOT NULL AS told,
        told AND coalesce(t.outcome IN ('imported', 'changed'), false) AS imported,
        told AND t.is_contracted AS contracted, contracted AND t.is_drawn AS drawn,
        drawn AND t.owed_yuan > 0 AS owing
    FROM "inner".lines_in_force AS l LEFT JOIN known AS k USING (household_key)
    LEFT JOIN "inner".lines_told AS t USING (household_key, product, county_code)
), reached AS (
    SELECT county_code, township_code, village_code, household_key, bool_or(registered) AS registered,
        bool_or(facts) AS facts, bool_or(scored) AS scored, bool_or(granted) AS granted, bool_or(told) AS told,
        bool_or(imported) AS imported, bool_or(contracted) AS contracted, bool_or(drawn) AS drawn,
        bool_or(owing) AS owing
    FROM lines GROUP BY ALL
), counted AS (
    SELECT county_code, township_code, village_code, count(*) FILTER (registered) AS registered,
        count(*) FILTER (facts) AS facts, count(*) FILTER (scored) AS scored, count(*) FILTER (granted) AS granted,
        count(*) FILTER (told) AS told, count(*) FILTER (imported) AS imported,
        count(*) FILTER (contracted) AS contracted, count(*) FILTER (drawn) AS drawn, count(*) FILTER (owing) AS owing
    FROM reached GROUP BY ALL
), stages AS (
    SELECT county_code, township_code, village_code, unnest([
        {'stage_number': 1, 'stage': 'registered', 'follows': NULL, 'households': registered, 'of_households': NULL},
        {'stage_number': 2, 'stage': 'facts', 'follows': 'registered', 'households': facts, 'of_households': registered},
        {'stage_number': 3, 'stage': 'scored', 'follows': 'facts', 'households': scored, 'of_households': facts},
        {'stage_number': 4, 'stage': 'granted', 'follows': 'scored', 'households': granted, 'of_households': scored},
        {'stage_number': 5, 'stage': 'told', 'follows': 'granted', 'households': told, 'of_households': granted},
        {'stage_number': 6, 'stage': 'imported', 'follows': 'told', 'households': imported, 'of_households': told},
        {'stage_number': 7, 'stage': 'contracted', 'follows': 'told', 'households': contracted, 'of_households': told},
        {'stage_number': 8, 'stage': 'drawn', 'follows': 'contracted', 'households': drawn, 'of_households': contracted},
        {'stage_number': 9, 'stage': 'owing', 'follows': 'drawn', 'households': owing, 'of_households': drawn}]) AS s
    FROM counted
)
SELECT county_code, township_code, village_code, s.stage_number AS stage_number, s.stage AS stage,
    CAST(s.follows AS VARCHAR) AS follows, s.households AS households,
    s.households / nullif(s.of_households, 0) AS share
FROM stages ORDER BY county_code, village_code, stage_number
