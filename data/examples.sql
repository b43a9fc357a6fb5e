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
        scheduled_at, scheduled_arrival_at, departed_at, arrived_at, cancelled_at,
        carrier, flight, origin, dest, tailnum, distance,
        floor(sched_dep_time / 100)::INTEGER AS hour,
        (floor(sched_dep_time / 100) * 60 + sched_dep_time % 100)::INTEGER AS departure_minute,
        (floor(sched_arr_time / 100) * 60 + sched_arr_time % 100)::INTEGER AS arrival_minute,
        isodow(make_date(year::INTEGER, month::INTEGER, day::INTEGER)) AS weekday,
        date_diff('minute', scheduled_at, scheduled_arrival_at) AS scheduled_minutes,
        -- Not least(), which ignores a NULL: a flight that has not landed would get a delay of 240 minutes.
        (CASE WHEN dep_delay > 240 THEN 240 ELSE dep_delay END)::INTEGER AS dep_delay,
        (CASE WHEN arr_delay > 240 THEN 240 ELSE arr_delay END)::INTEGER AS arr_delay,
        (dep_delay >= 15)::INTEGER AS left_late,
        (arr_delay >= 15)::INTEGER AS arrived_late
    FROM flights
),

-- Every departure, arrival, cancellation and question, at the instant at which it is known.
departures AS (SELECT *, departed_at AS instant FROM legs WHERE departed_at IS NOT NULL AND dep_delay IS NOT NULL),
arrivals AS (SELECT *, arrived_at AS instant FROM legs WHERE arrived_at IS NOT NULL AND arr_delay IS NOT NULL),
cancellations AS (SELECT *, cancelled_at AS instant FROM legs WHERE cancelled_at IS NOT NULL),
-- A flight is overdue from its scheduled departure until it leaves or is cancelled; after half a day nobody waits.
overdue AS (
    SELECT origin, carrier, dest, scheduled_at AS instant, 1 AS flights, epoch(scheduled_at)::BIGINT // 60 AS since FROM legs
    UNION ALL
    SELECT
        origin, carrier, dest,
        coalesce(
            least(
                CASE WHEN coalesce(departed_at, cancelled_at) < scheduled_at THEN scheduled_at
                    ELSE coalesce(departed_at, cancelled_at) END,
                scheduled_at + INTERVAL 12 HOUR
            ),
            scheduled_at + INTERVAL 12 HOUR
        ),
        -1, -(epoch(scheduled_at)::BIGINT // 60)
    FROM legs
),

-- A state is the difference of two running totals: what had happened by the decision, less what had happened by then.
-- The row at the beginning of time, when nothing had happened, gives every difference something to start from.
airport_total AS (
    SELECT origin, instant,
        sum(departed) OVER past AS departed, sum(delay) OVER past AS delay, sum(late) OVER past AS late,
        sum(cancelled) OVER past AS cancelled, sum(overdue) OVER past AS overdue, sum(since) OVER past AS since
    FROM (
        SELECT origin, instant, sum(departed)::INTEGER AS departed, sum(delay)::INTEGER AS delay, sum(late)::INTEGER AS late,
            sum(cancelled)::INTEGER AS cancelled, sum(overdue)::INTEGER AS overdue, sum(since)::BIGINT AS since
        FROM (
            SELECT origin, instant, 1 AS departed, dep_delay AS delay, left_late AS late, 0 AS cancelled, 0 AS overdue,
                0 AS since
            FROM departures
            UNION ALL SELECT origin, instant, 0, 0, 0, 1, 0, 0 FROM cancellations
            UNION ALL SELECT origin, instant, 0, 0, 0, 0, flights, since FROM overdue
            UNION ALL SELECT DISTINCT origin, TIMESTAMP '1900-01-01', 0, 0, 0, 0, 0, 0 FROM legs
        )
        GROUP BY ALL
    )
    WINDOW past AS (PARTITION BY origin ORDER BY instant ROWS UNBOUNDED PRECEDING)
),

-- How the airport is running.
airport AS (
    SELECT q.origin, q.decision_at,
        (n.delay - h1.delay) / nullif(n.departed - h1.departed, 0) AS airport_delay_1h,
        (n.delay - h3.delay) / nullif(n.departed - h3.departed, 0) AS airport_delay_3h,
        (n.delay - d1.delay) / nullif(n.departed - d1.departed, 0) AS airport_delay_24h,
        (n.late - h3.late) / nullif(n.departed - h3.departed, 0) AS airport_late_3h,
        (n.late - d7.late) / nullif(n.departed - d7.departed, 0) AS airport_late_7d,
        n.departed - h1.departed AS airport_departed_1h,
        n.cancelled - h3.cancelled AS airport_cancelled_3h,
        n.cancelled - d1.cancelled AS airport_cancelled_24h,
        n.overdue AS airport_overdue,
        (n.overdue * (epoch(q.decision_at)::BIGINT // 60) - n.since) / nullif(n.overdue, 0) AS airport_overdue_wait
    FROM (SELECT DISTINCT origin, decision_at FROM legs) AS q
    ASOF JOIN airport_total AS n ON n.origin = q.origin AND q.decision_at >= n.instant
    ASOF JOIN airport_total AS h1 ON h1.origin = q.origin AND q.decision_at - INTERVAL 1 HOUR >= h1.instant
    ASOF JOIN airport_total AS h3 ON h3.origin = q.origin AND q.decision_at - INTERVAL 3 HOUR >= h3.instant
    ASOF JOIN airport_total AS d1 ON d1.origin = q.origin AND q.decision_at - INTERVAL 1 DAY >= d1.instant
    ASOF JOIN airport_total AS d7 ON d7.origin = q.origin AND q.decision_at - INTERVAL 7 DAY >= d7.instant
),

-- How the three airports of the city are running together.
city_total AS (
    SELECT instant, sum(departed) OVER past AS departed, sum(delay) OVER past AS delay, sum(overdue) OVER past AS overdue
    FROM (
        SELECT instant, sum(departed)::INTEGER AS departed, sum(delay)::INTEGER AS delay, sum(overdue)::INTEGER AS overdue
        FROM (
            SELECT instant, 1 AS departed, dep_delay AS delay, 0 AS overdue FROM departures
            UNION ALL SELECT instant, 0, 0, flights FROM overdue
            UNION ALL SELECT TIMESTAMP '1900-01-01', 0, 0, 0
        )
        GROUP BY ALL
    )
    WINDOW past AS (ORDER BY instant ROWS UNBOUNDED PRECEDING)
),
city AS (
    SELECT q.decision_at,
        (n.delay - h1.delay) / nullif(n.departed - h1.departed, 0) AS city_delay_1h,
        (n.delay - h3.delay) / nullif(n.departed - h3.departed, 0) AS city_delay_3h,
        n.overdue AS city_overdue
    FROM (SELECT DISTINCT decision_at FROM legs) AS q
    ASOF JOIN city_total AS n ON q.decision_at >= n.instant
    ASOF JOIN city_total AS h1 ON q.decision_at - INTERVAL 1 HOUR >= h1.instant
    ASOF JOIN city_total AS h3 ON q.decision_at - INTERVAL 3 HOUR >= h3.instant
),

-- How many departures are planned around this one: a crowded hour recovers late.
plan_total AS (
    SELECT origin, scheduled_at, sum(count(*)) OVER (PARTITION BY origin ORDER BY scheduled_at) AS flights
    FROM (
        SELECT origin, scheduled_at FROM legs
        UNION ALL SELECT DISTINCT origin, TIMESTAMP '1900-01-01' FROM legs
    )
    GROUP BY origin, scheduled_at
),
plan AS (
    SELECT q.origin, q.scheduled_at, up.flights - low.flights AS planned_hour, n.flights - h3.flights AS planned_3h
    FROM (SELECT DISTINCT origin, scheduled_at FROM legs) AS q
    ASOF JOIN plan_total AS n ON n.origin = q.origin AND q.scheduled_at >= n.scheduled_at
    ASOF JOIN plan_total AS up ON up.origin = q.origin AND q.scheduled_at + INTERVAL 30 MINUTE >= up.scheduled_at
    ASOF JOIN plan_total AS low ON low.origin = q.origin AND q.scheduled_at - INTERVAL 30 MINUTE >= low.scheduled_at
    ASOF JOIN plan_total AS h3 ON h3.origin = q.origin AND q.scheduled_at - INTERVAL 3 HOUR >= h3.scheduled_at
),

-- How the carrier is running at this airport.
carrier_total AS (
    SELECT carrier, origin, instant,
        sum(departed) OVER past AS departed, sum(delay) OVER past AS delay, sum(late) OVER past AS late,
        sum(cancelled) OVER past AS cancelled, sum(overdue) OVER past AS overdue
    FROM (
        SELECT carrier, origin, instant, sum(departed)::INTEGER AS departed, sum(delay)::INTEGER AS delay, sum(late)::INTEGER AS late,
            sum(cancelled)::INTEGER AS cancelled, sum(overdue)::INTEGER AS overdue
        FROM (
            SELECT carrier, origin, instant, 1 AS departed, dep_delay AS delay, left_late AS late, 0 AS cancelled,
                0 AS overdue
            FROM departures
            UNION ALL SELECT carrier, origin, instant, 0, 0, 0, 1, 0 FROM cancellations
            UNION ALL SELECT carrier, origin, instant, 0, 0, 0, 0, flights FROM overdue
            UNION ALL SELECT DISTINCT carrier, origin, TIMESTAMP '1900-01-01', 0, 0, 0, 0, 0 FROM legs
        )
        GROUP BY ALL
    )
    WINDOW past AS (PARTITION BY carrier, origin ORDER BY instant ROWS UNBOUNDED PRECEDING)
),
carrier_state AS (
    SELECT q.carrier, q.origin, q.decision_at,
        (n.delay - h2.delay) / nullif(n.departed - h2.departed, 0) AS carrier_delay_2h,
        (n.delay - h6.delay) / nullif(n.departed - h6.departed, 0) AS carrier_delay_6h,
        (n.late - d1.late) / nullif(n.departed - d1.departed, 0) AS carrier_late_24h,
        (n.late - d7.late) / nullif(n.departed - d7.departed, 0) AS carrier_late_7d,
        n.cancelled - d1.cancelled AS carrier_cancelled_24h,
        n.overdue AS carrier_overdue
    FROM (SELECT DISTINCT carrier, origin, decision_at FROM legs) AS q
    ASOF JOIN carrier_total AS n
        ON n.carrier = q.carrier AND n.origin = q.origin AND q.decision_at >= n.instant
    ASOF JOIN carrier_total AS h2
        ON h2.carrier = q.carrier AND h2.origin = q.origin AND q.decision_at - INTERVAL 2 HOUR >= h2.instant
    ASOF JOIN carrier_total AS h6
        ON h6.carrier = q.carrier AND h6.origin = q.origin AND q.decision_at - INTERVAL 6 HOUR >= h6.instant
    ASOF JOIN carrier_total AS d1
        ON d1.carrier = q.carrier AND d1.origin = q.origin AND q.decision_at - INTERVAL 1 DAY >= d1.instant
    ASOF JOIN carrier_total AS d7
        ON d7.carrier = q.carrier AND d7.origin = q.origin AND q.decision_at - INTERVAL 7 DAY >= d7.instant
),

-- How flights to this destination are doing: those that left lately, and those that landed lately.
dest_total AS (
    SELECT dest, instant,
        sum(departed) OVER past AS departed, sum(dep_delay) OVER past AS dep_delay, sum(landed) OVER past AS landed,
        sum(arr_delay) OVER past AS arr_delay, sum(late) OVER past AS late, sum(cancelled) OVER past AS cancelled,
        sum(overdue) OVER past AS overdue
    FROM (
        SELECT dest, instant, sum(departed)::INTEGER AS departed, sum(dep_delay)::INTEGER AS dep_delay, sum(landed)::INTEGER AS landed,
            sum(arr_delay)::INTEGER AS arr_delay, sum(late)::INTEGER AS late, sum(cancelled)::INTEGER AS cancelled, sum(overdue)::INTEGER AS overdue
        FROM (
            SELECT dest, instant, 1 AS departed, dep_delay, 0 AS landed, 0 AS arr_delay, 0 AS late, 0 AS cancelled,
                0 AS overdue
            FROM departures
            UNION ALL SELECT dest, instant, 0, 0, 1, arr_delay, arrived_late, 0, 0 FROM arrivals
            UNION ALL SELECT dest, instant, 0, 0, 0, 0, 0, 1, 0 FROM cancellations
            UNION ALL SELECT dest, instant, 0, 0, 0, 0, 0, 0, flights FROM overdue
            UNION ALL SELECT DISTINCT dest, TIMESTAMP '1900-01-01', 0, 0, 0, 0, 0, 0, 0 FROM legs
        )
        GROUP BY ALL
    )
    WINDOW past AS (PARTITION BY dest ORDER BY instant ROWS UNBOUNDED PRECEDING)
),
dest_state AS (
    SELECT q.dest, q.decision_at,
        (n.dep_delay - h3.dep_delay) / nullif(n.departed - h3.departed, 0) AS dest_departure_delay_3h,
        (n.arr_delay - h6.arr_delay) / nullif(n.landed - h6.landed, 0) AS dest_arrival_delay_6h,
        (n.late - d1.late) / nullif(n.landed - d1.landed, 0) AS dest_late_24h,
        (n.late - d7.late) / nullif(n.landed - d7.landed, 0) AS dest_late_7d,
        n.cancelled - d1.cancelled AS dest_cancelled_24h,
        n.overdue AS dest_overdue
    FROM (SELECT DISTINCT dest, decision_at FROM legs) AS q
    ASOF JOIN dest_total AS n ON n.dest = q.dest AND q.decision_at >= n.instant
    ASOF JOIN dest_total AS h3 ON h3.dest = q.dest AND q.decision_at - INTERVAL 3 HOUR >= h3.instant
    ASOF JOIN dest_total AS h6 ON h6.dest = q.dest AND q.decision_at - INTERVAL 6 HOUR >= h6.instant
    ASOF JOIN dest_total AS d1 ON d1.dest = q.dest AND q.decision_at - INTERVAL 1 DAY >= d1.instant
    ASOF JOIN dest_total AS d7 ON d7.dest = q.dest AND q.decision_at - INTERVAL 7 DAY >= d7.instant
),

-- How the carrier fares on this route.
route_total AS (
    SELECT carrier, origin, dest, instant,
        sum(landed) OVER past AS landed, sum(delay) OVER past AS delay, sum(late) OVER past AS late
    FROM (
        SELECT carrier, origin, dest, instant, sum(landed)::INTEGER AS landed, sum(delay)::INTEGER AS delay, sum(late)::INTEGER AS late
        FROM (
            SELECT carrier, origin, dest, instant, 1 AS landed, arr_delay AS delay, arrived_late AS late FROM arrivals
            UNION ALL SELECT DISTINCT carrier, origin, dest, TIMESTAMP '1900-01-01', 0, 0, 0 FROM legs
        )
        GROUP BY ALL
    )
    WINDOW past AS (PARTITION BY carrier, origin, dest ORDER BY instant ROWS UNBOUNDED PRECEDING)
),
route_state AS (
    SELECT f.flight_id,
        (n.late - d14.late) / nullif(n.landed - d14.landed, 0) AS route_late_14d,
        (n.delay - d14.delay) / nullif(n.landed - d14.landed, 0) AS route_delay_14d
    FROM legs AS f
    ASOF JOIN route_total AS n
        ON n.carrier = f.carrier AND n.origin = f.origin AND n.dest = f.dest AND f.decision_at >= n.instant
    ASOF JOIN route_total AS d14
        ON d14.carrier = f.carrier AND d14.origin = f.origin AND d14.dest = f.dest
        AND f.decision_at - INTERVAL 14 DAY >= d14.instant
),

-- How this hour of the day went lately at this airport.
hour_total AS (
    SELECT origin, hour, instant, sum(landed) OVER past AS landed, sum(late) OVER past AS late
    FROM (
        SELECT origin, hour, instant, sum(landed)::INTEGER AS landed, sum(late)::INTEGER AS late
        FROM (
            SELECT origin, hour, instant, 1 AS landed, arrived_late AS late FROM arrivals
            UNION ALL SELECT DISTINCT origin, hour, TIMESTAMP '1900-01-01', 0, 0 FROM legs
        )
        GROUP BY ALL
    )
    WINDOW past AS (PARTITION BY origin, hour ORDER BY instant ROWS UNBOUNDED PRECEDING)
),
hour_state AS (
    SELECT q.origin, q.hour, q.decision_at,
        (n.late - d3.late) / nullif(n.landed - d3.landed, 0) AS hour_late_3d,
        (n.late - d14.late) / nullif(n.landed - d14.landed, 0) AS hour_late_14d
    FROM (SELECT DISTINCT origin, hour, decision_at FROM legs) AS q
    ASOF JOIN hour_total AS n ON n.origin = q.origin AND n.hour = q.hour AND q.decision_at >= n.instant
    ASOF JOIN hour_total AS d3
        ON d3.origin = q.origin AND d3.hour = q.hour AND q.decision_at - INTERVAL 3 DAY >= d3.instant
    ASOF JOIN hour_total AS d14
        ON d14.origin = q.origin AND d14.hour = q.hour AND q.decision_at - INTERVAL 14 DAY >= d14.instant
),

-- How this flight number arrived lately.
number_total AS (
    SELECT carrier, flight, origin, instant,
        sum(landed) OVER past AS landed, sum(delay) OVER past AS delay, sum(late) OVER past AS late
    FROM (
        SELECT carrier, flight, origin, instant, sum(landed)::INTEGER AS landed, sum(delay)::INTEGER AS delay, sum(late)::INTEGER AS late
        FROM (
            SELECT carrier, flight, origin, instant, 1 AS landed, arr_delay AS delay, arrived_late AS late FROM arrivals
            UNION ALL SELECT DISTINCT carrier, flight, origin, TIMESTAMP '1900-01-01', 0, 0, 0 FROM legs
        )
        GROUP BY ALL
    )
    WINDOW past AS (PARTITION BY carrier, flight, origin ORDER BY instant ROWS UNBOUNDED PRECEDING)
),
number_state AS (
    SELECT f.flight_id,
        (n.delay - d7.delay) / nullif(n.landed - d7.landed, 0) AS number_delay_7d,
        (n.delay - d30.delay) / nullif(n.landed - d30.landed, 0) AS number_delay_30d,
        (n.late - d30.late) / nullif(n.landed - d30.landed, 0) AS number_late_30d,
        n.landed - d30.landed AS number_landed_30d
    FROM legs AS f
    ASOF JOIN number_total AS n
        ON n.carrier = f.carrier AND n.flight = f.flight AND n.origin = f.origin AND f.decision_at >= n.instant
    ASOF JOIN number_total AS d7
        ON d7.carrier = f.carrier AND d7.flight = f.flight AND d7.origin = f.origin
        AND f.decision_at - INTERVAL 7 DAY >= d7.instant
    ASOF JOIN number_total AS d30
        ON d30.carrier = f.carrier AND d30.flight = f.flight AND d30.origin = f.origin
        AND f.decision_at - INTERVAL 30 DAY >= d30.instant
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
    FROM legs AS f
    -- Some aircraft are booked twice at one time: the first by name stands for both, whatever became of them.
    ASOF JOIN (
        SELECT * FROM legs WHERE tailnum IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY tailnum, scheduled_at ORDER BY flight_id) = 1
    ) AS p
        ON f.tailnum = p.tailnum AND f.scheduled_at > p.scheduled_at
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
),

-- The weather as last observed before the decision, and where it is heading.
weather_state AS (
    SELECT
        origin, observed_at AS instant, temp, dewp, humid, wind_dir, wind_speed, wind_gust, precip, visib, pressure,
        pressure - first_value(pressure) OVER h3 AS pressure_change_3h,
        max(precip) OVER h3 AS precip_max_3h,
        min(visib) OVER h3 AS visib_min_3h,
        max(wind_speed) OVER h3 AS wind_max_3h
    FROM weather
    WINDOW h3 AS (PARTITION BY origin ORDER BY observed_at RANGE BETWEEN INTERVAL 3 HOUR PRECEDING AND CURRENT ROW)
)

SELECT
    f.flight_id, f.decision_at,
    -- schedule
    f.carrier, f.origin, f.dest, f.departure_minute, f.arrival_minute, f.weekday, f.distance, f.scheduled_minutes,
    f.distance / f.scheduled_minutes AS scheduled_speed, plan.planned_hour, plan.planned_3h,
    -- plane
    year(f.scheduled_at) - planes.year AS plane_age, planes.seats AS plane_seats,
    planes.manufacturer AS plane_manufacturer, planes.model AS plane_model,
    -- weather
    w.temp, w.dewp, w.humid, w.wind_dir, w.wind_speed, w.wind_gust, w.precip, w.visib, w.pressure,
    w.pressure_change_3h, w.precip_max_3h, w.visib_min_3h, w.wind_max_3h,
    airport.* EXCLUDE (origin, decision_at),
    city.* EXCLUDE (decision_at),
    carrier_state.* EXCLUDE (carrier, origin, decision_at),
    dest_state.* EXCLUDE (dest, decision_at),
    route_state.* EXCLUDE (flight_id),
    hour_state.* EXCLUDE (origin, hour, decision_at),
    number_state.* EXCLUDE (flight_id),
    aircraft.* EXCLUDE (flight_id),
    -- the answer, and when it was known
    f.arr_delay >= 15 AS late,
    f.arrived_at AS label_known_at,
    CASE
        WHEN f.arrived_at IS NOT NULL THEN 'arrived'
        WHEN f.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN f.departed_at < CAST(getvariable('as_of') AS TIMESTAMP) - INTERVAL 1 DAY THEN 'diverted'
        ELSE 'pending'
    END AS outcome
FROM legs AS f
JOIN plan USING (origin, scheduled_at)
JOIN airport USING (origin, decision_at)
JOIN city USING (decision_at)
JOIN carrier_state USING (carrier, origin, decision_at)
JOIN dest_state USING (dest, decision_at)
JOIN route_state USING (flight_id)
JOIN hour_state USING (origin, hour, decision_at)
JOIN number_state USING (flight_id)
LEFT JOIN aircraft USING (flight_id)
LEFT JOIN planes ON planes.tailnum = f.tailnum
ASOF LEFT JOIN weather_state AS w ON w.origin = f.origin AND f.decision_at >= w.instant
ORDER BY f.decision_at, f.flight_id
