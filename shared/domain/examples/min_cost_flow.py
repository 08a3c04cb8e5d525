"""Solves a school as OR-tools' SimpleMinCostFlow does: the same problem as a maximum flow of least cost.

Reads from standard input, as 32-bit little-endian numbers: how many students, mentors and pairs, each mentor's
seats, each student's number of pairs, the pairs' mentors, and what they are worth. Prints the seconds that
solving took (building the flow is not counted), how many were placed, and what that is worth.
"""

import sys
import time

import numpy
from ortools.graph.python import min_cost_flow

VALUE_MAX = 100_000

numbers = numpy.frombuffer(sys.stdin.buffer.read(), dtype="<u4").astype(numpy.int64)
students, mentors, pairs = numbers[:3]
seats, degrees, to, values = numpy.split(
    numbers[3:], [mentors, mentors + students, mentors + students + pairs]
)
source, sink = students + mentors, students + mentors + 1
student = numpy.arange(students)
mentor = students + numpy.arange(mentors)
tails = numpy.concatenate([numpy.full(students, source), numpy.repeat(student, degrees), mentor])
heads = numpy.concatenate([student, students + to, numpy.full(mentors, sink)])
room = numpy.concatenate([numpy.ones(students + pairs, dtype=numpy.int64), seats])
cost = numpy.concatenate([numpy.zeros(students), VALUE_MAX - values, numpy.zeros(mentors)]).astype(numpy.int64)

flow = min_cost_flow.SimpleMinCostFlow()
flow.add_arcs_with_capacity_and_unit_cost(tails, heads, room, cost)
flow.set_node_supply(int(source), int(students))
flow.set_node_supply(int(sink), -int(students))
began = time.perf_counter()
status = flow.solve_max_flow_with_min_cost()
seconds = time.perf_counter() - began
assert status == flow.OPTIMAL, status
placed = flow.maximum_flow()
print(seconds, placed, VALUE_MAX * placed - flow.optimal_cost())
