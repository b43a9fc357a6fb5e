-- One row per decision: two hours before a flight is scheduled to leave New York, will it arrive 15 or more minutes late?
-- The sources are views; every instant is UTC; a state may only use what has an instant <= decision_at.
-- Delays are whole minutes and are summed as integers, so that the result does not depend on the number of threads.
WITH

-- The schedule, which is published two weeks ahead, and what later became of each flight.
legs AS (
    SELECT
        printf('%04d-%02d-%02d_%s_%s_%s', year::INTEGER, month::INTEGER, day::INTEGER, carrier, flight, origin)
            AS flight_id,
        scheduled_at - INTERVAL 2 HOUR AS decision_at,
        scheduled_at, departed_at, arrived_at, cancelled_at, carrier, flight, origin, dest, tailnum, distance,
        (floor(sched_dep_time / 100) * 60 + sched_dep_time % 100)::INTEGER AS departure_minute,
        (floor(sched_arr_time / 100) * 60 + sched_arr_time % 100)::INTEGER AS arrival_minute,
        isodow(make_date(year::INTEGER, month::INTEGER, day::INTEGER)) AS weekday,
        date_diff('minute', scheduled_at, scheduled_arrival_at) AS scheduled_minutes,
        -- Not least(), which ignores a NULL: a flight that has not landed would get a delay of 240 minutes.
        (CASE WHEN dep_delay > 240 THEN 240 ELSE dep_delay END)::INTEGER AS dep_delay,
        (CASE WHEN arr_delay > 240 THEN 240 ELSE arr_delay END)::INTEGER AS arr_delay,
        (arr_delay >= 15)::INTEGER AS late
    FROM flights
),

-- How many departures are planned around this one, and how this flight number and this carrier's route fared on earlier
-- days: of what was scheduled 22 hours before, that which landed within 20 hours had landed by the decision.
history AS (
    SELECT flight_id,
        count(*) OVER around AS planned_hour,
        count(*) OVER before AS planned_3h,
        avg(delay) OVER number AS number_delay_30d,
        avg(late) OVER number AS number_late_30d,
        avg(delay) OVER route AS route_delay_14d
    FROM (
        SELECT flight_id, scheduled_at, carrier, flight, origin, dest,
            CASE WHEN arrived_at <= scheduled_at + INTERVAL 20 HOUR THEN arr_delay END AS delay,
            CASE WHEN arrived_at <= scheduled_at + INTERVAL 20 HOUR THEN late END AS late
        FROM legs
    )
    WINDOW
        around AS (PARTITION BY origin ORDER BY scheduled_at
            RANGE BETWEEN INTERVAL 30 MINUTE PRECEDING AND INTERVAL 30 MINUTE FOLLOWING),
        before AS (PARTITION BY origin ORDER BY scheduled_at RANGE BETWEEN INTERVAL 3 HOUR PRECEDING AND CURRENT ROW),
        number AS (PARTITION BY carrier, flight, origin ORDER BY scheduled_at
            RANGE BETWEEN INTERVAL 30 DAY PRECEDING AND INTERVAL 22 HOUR PRECEDING),
        route AS (PARTITION BY carrier, origin, dest ORDER BY scheduled_at
            RANGE BETWEEN INTERVAL 14 DAY PRECEDING AND INTERVAL 22 HOUR PRECEDING)
),

-- Every departure, landing and cancellation, and every change in the number of overdue flights, when it is known.
-- A flight is overdue from its scheduled departure until it leaves or is cancelled; after half a day nobody waits.
events AS (
    SELECT origin, carrier, dest, departed_at AS instant,
        1 AS departed, dep_delay, 0 AS landed, 0 AS arr_delay, 0 AS late, 0 AS cancelled, 0 AS overdue
    FROM legs WHERE departed_at IS NOT NULL AND dep_delay IS NOT NULL
    UNION ALL
    SELECT origin, carrier, dest, arrived_at, 0, 0, 1, arr_delay, late, 0, 0
    FROM legs WHERE arrived_at IS NOT NULL AND arr_delay IS NOT NULL
    UNION ALL
    SELECT origin, carrier, dest, cancelled_at, 0, 0, 0, 0, 0, 1, 0 FROM legs WHERE cancelled_at IS NOT NULL
    UNION ALL
    SELECT origin, carrier, dest, scheduled_at, 0, 0, 0, 0, 0, 0, 1 FROM legs
    UNION ALL
    SELECT origin, carrier, dest,
        CASE
            WHEN coalesce(departed_at, cancelled_at) <= scheduled_at THEN scheduled_at
            WHEN coalesce(departed_at, cancelled_at) <= scheduled_at + INTERVAL 12 HOUR
                THEN coalesce(departed_at, cancelled_at)
            ELSE scheduled_at + INTERVAL 12 HOUR
        END,
        0, 0, 0, 0, 0, 0, -1
    FROM legs
    -- The beginning of time, when nothing had happened, for every difference to start from.
    UNION ALL
    SELECT DISTINCT origin, carrier, dest, TIMESTAMP '1900-01-01', 0, 0, 0, 0, 0, 0, 0 FROM legs
),

-- A state is the difference of two running totals: what had happened by the decision, less what had happened by an
-- earlier instant. A total runs on from one airport into the next, which a difference does not see and which spares a
-- partition each; every flight both enters and leaves `overdue`, so that each airport begins at none.

-- How the airport is running.
airport_total AS (
    SELECT origin, instant, sum(departed) OVER past AS departed, sum(dep_delay) OVER past AS dep_delay,
        sum(cancelled) OVER past AS cancelled, sum(overdue) OVER past AS overdue
    FROM (
        SELECT origin, instant, sum(departed) AS departed, sum(dep_delay) AS dep_delay,
            sum(cancelled) AS cancelled, sum(overdue) AS overdue
        FROM events GROUP BY origin, instant
    )
    WINDOW past AS (ORDER BY origin, instant ROWS UNBOUNDED PRECEDING)
),
airport_state AS (
    SELECT q.origin, q.decision_at,
        (n.dep_delay - h1.dep_delay) / nullif(n.departed - h1.departed, 0) AS airport_delay_1h,
        (n.dep_delay - h3.dep_delay) / nullif(n.departed - h3.departed, 0) AS airport_delay_3h,
        (n.dep_delay - d1.dep_delay) / nullif(n.departed - d1.departed, 0) AS airport_delay_24h,
        n.cancelled - d1.cancelled AS airport_cancelled_24h,
        n.overdue AS airport_overdue
    FROM (SELECT DISTINCT origin, decision_at FROM legs) AS q
    ASOF JOIN airport_total AS n ON n.origin = q.origin AND q.decision_at >= n.instant
    ASOF JOIN airport_total AS h1 ON h1.origin = q.origin AND q.decision_at - INTERVAL 1 HOUR >= h1.instant
    ASOF JOIN airport_total AS h3 ON h3.origin = q.origin AND q.decision_at - INTERVAL 3 HOUR >= h3.instant
    ASOF JOIN airport_total AS d1 ON d1.origin = q.origin AND q.decision_at - INTERVAL 1 DAY >= d1.instant
),

-- How the three airports of the city are running together.
city_total AS (
    SELECT instant, sum(departed) OVER past AS departed, sum(dep_delay) OVER past AS dep_delay,
        sum(overdue) OVER past AS overdue
    FROM (
        SELECT instant, sum(departed) AS departed, sum(dep_delay) AS dep_delay, sum(overdue) AS overdue
        FROM events GROUP BY instant
    )
    WINDOW past AS (ORDER BY instant ROWS UNBOUNDED PRECEDING)
),
city_state AS (
    SELECT q.decision_at,
        (n.dep_delay - h1.dep_delay) / nullif(n.departed - h1.departed, 0) AS city_delay_1h,
        n.overdue AS city_overdue
    FROM (SELECT DISTINCT decision_at FROM legs) AS q
    ASOF JOIN city_total AS n ON q.decision_at >= n.instant
    ASOF JOIN city_total AS h1 ON q.decision_at - INTERVAL 1 HOUR >= h1.instant
),

-- How the carrier is running at this airport.
carrier_total AS (
    SELECT carrier, origin, instant, sum(departed) OVER past AS departed, sum(dep_delay) OVER past AS dep_delay,
        sum(landed) OVER past AS landed, sum(late) OVER past AS late, sum(overdue) OVER past AS overdue
    FROM (
        SELECT carrier, origin, instant, sum(departed) AS departed, sum(dep_delay) AS dep_delay,
            sum(landed) AS landed, sum(late) AS late, sum(overdue) AS overdue
        FROM events GROUP BY carrier, origin, instant
    )
    WINDOW past AS (ORDER BY carrier, origin, instant ROWS UNBOUNDED PRECEDING)
),
carrier_state AS (
    SELECT q.carrier, q.origin, q.decision_at,
        (n.dep_delay - h2.dep_delay) / nullif(n.departed - h2.departed, 0) AS carrier_delay_2h,
        (n.late - d1.late) / nullif(n.landed - d1.landed, 0) AS carrier_late_24h,
        n.overdue AS carrier_overdue
    FROM (SELECT DISTINCT carrier, origin, decision_at FROM legs) AS q
    ASOF JOIN carrier_total AS n
        ON n.carrier = q.carrier AND n.origin = q.origin AND q.decision_at >= n.instant
    ASOF JOIN carrier_total AS h2
        ON h2.carrier = q.carrier AND h2.origin = q.origin AND q.decision_at - INTERVAL 2 HOUR >= h2.instant
    ASOF JOIN carrier_total AS d1
        ON d1.carrier = q.carrier AND d1.origin = q.origin AND q.decision_at - INTERVAL 1 DAY >= d1.instant
),

-- How flights to this destination are doing: those that landed lately, and those that wait.
dest_total AS (
    SELECT dest, instant, sum(landed) OVER past AS landed, sum(arr_delay) OVER past AS arr_delay,
        sum(late) OVER past AS late, sum(overdue) OVER past AS overdue
    FROM (
        SELECT dest, instant, sum(landed) AS landed, sum(arr_delay) AS arr_delay, sum(late) AS late,
            sum(overdue) AS overdue
        FROM events GROUP BY dest, instant
    )
    WINDOW past AS (ORDER BY dest, instant ROWS UNBOUNDED PRECEDING)
),
dest_state AS (
    SELECT q.dest, q.decision_at,
        (n.arr_delay - h6.arr_delay) / nullif(n.landed - h6.landed, 0) AS dest_arrival_delay_6h,
        (n.late - d1.late) / nullif(n.landed - d1.landed, 0) AS dest_late_24h,
        n.overdue AS dest_overdue
    FROM (SELECT DISTINCT dest, decision_at FROM legs) AS q
    ASOF JOIN dest_total AS n ON n.dest = q.dest AND q.decision_at >= n.instant
    ASOF JOIN dest_total AS h6 ON h6.dest = q.dest AND q.decision_at - INTERVAL 6 HOUR >= h6.instant
    ASOF JOIN dest_total AS d1 ON d1.dest = q.dest AND q.decision_at - INTERVAL 1 DAY >= d1.instant
),

-- The aircraft's previous leg out of the city: what is known of it at the decision, and when it could be back.
rotation AS (
    SELECT
        f.flight_id, f.decision_at, f.scheduled_at,
        p.scheduled_at AS before_at, p.scheduled_minutes AS before_minutes,
        CASE WHEN p.departed_at <= f.decision_at THEN p.departed_at END AS before_departed_at,
        CASE WHEN p.arrived_at <= f.decision_at THEN p.arrived_at END AS before_arrived_at,
        CASE WHEN p.departed_at <= f.decision_at THEN p.dep_delay END AS before_dep_delay,
        CASE WHEN p.arrived_at <= f.decision_at THEN p.arr_delay END AS before_arr_delay
    FROM (SELECT flight_id, decision_at, scheduled_at, tailnum FROM legs) AS f
    -- Some aircraft are booked twice at one time: the first by name stands for both, whatever became of them.
    ASOF JOIN (
        SELECT DISTINCT ON (tailnum, scheduled_at)
            tailnum, scheduled_at, scheduled_minutes, departed_at, arrived_at, dep_delay, arr_delay
        FROM legs WHERE tailnum IS NOT NULL
        ORDER BY tailnum, scheduled_at, flight_id
    ) AS p ON f.tailnum = p.tailnum AND f.scheduled_at > p.scheduled_at
    WHERE p.scheduled_at > f.scheduled_at - INTERVAL 7 DAY
),
aircraft AS (
    SELECT
        flight_id,
        date_diff('minute', before_at, scheduled_at) AS aircraft_gap_minutes,
        coalesce(before_dep_delay, greatest(date_diff('minute', before_at, decision_at), 0)) AS aircraft_last_delay,
        before_arr_delay AS aircraft_last_arrival_delay,
        before_arrived_at IS NOT NULL AS aircraft_has_landed,
        -- It flies out (or has), and as long back.
        date_diff(
            'minute',
            coalesce(
                before_arrived_at,
                greatest(
                    coalesce(before_departed_at, greatest(before_at, decision_at)) + to_minutes(before_minutes),
                    decision_at
                )
            ) + to_minutes(before_minutes),
            scheduled_at
        ) AS aircraft_spare_minutes
    FROM rotation
)

SELECT
    f.flight_id, f.decision_at,
    -- schedule
    f.carrier, f.origin, f.dest, f.departure_minute, f.arrival_minute, f.weekday, f.distance, f.scheduled_minutes,
    f.distance / f.scheduled_minutes AS scheduled_speed, history.planned_hour, history.planned_3h,
    -- plane
    year(f.scheduled_at) - planes.year AS plane_age, planes.seats AS plane_seats,
    -- weather, as last observed before the decision
    w.temp, w.dewp, w.humid, w.wind_dir, w.wind_speed, w.wind_gust, w.precip, w.visib, w.pressure,
    -- states
    airport_state.* EXCLUDE (origin, decision_at),
    city_state.* EXCLUDE (decision_at),
    carrier_state.* EXCLUDE (carrier, origin, decision_at),
    dest_state.* EXCLUDE (dest, decision_at),
    history.route_delay_14d, history.number_delay_30d, history.number_late_30d,
    aircraft.* EXCLUDE (flight_id),
    -- the answer, and when it was known
    f.late = 1 AS late,
    f.arrived_at AS label_known_at,
    CASE
        WHEN f.arrived_at IS NOT NULL THEN 'arrived'
        WHEN f.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN f.departed_at < CAST(getvariable('as_of') AS TIMESTAMP) - INTERVAL 1 DAY THEN 'diverted'
        ELSE 'pending'
    END AS outcome
FROM legs AS f
JOIN history USING (flight_id)
JOIN airport_state USING (origin, decision_at)
JOIN city_state USING (decision_at)
JOIN carrier_state USING (carrier, origin, decision_at)
JOIN dest_state USING (dest, decision_at)
LEFT JOIN aircraft USING (flight_id)
LEFT JOIN planes ON planes.tailnum = f.tailnum
ASOF LEFT JOIN weather AS w ON w.origin = f.origin AND f.decision_at >= w.observed_at
ORDER BY f.decision_at, f.flight_id
