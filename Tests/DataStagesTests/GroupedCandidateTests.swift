import Testing

@testable import Engine
@testable import Kinds
@testable import Stages

/// Rows of a group list the same functions; the rows are those of `CandidateTests`.
@Suite struct GroupedCandidateTests {
    /// Neighbours that list the same functions in the same order.
    private static func groups(_ rows: [Row]) -> [[Row]] {
        rows.reduce(into: []) { groups, row in
            if groups.last?.last?.functions == row.functions {
                groups[groups.count - 1].append(row)
            } else {
                groups.append([row])
            }
        }
    }

    @Test(arguments: [0, 0.5])
    func rowsOfAGroupListTheFunctionsOfAllOfThem(similar: Double) throws {
        let (alone, together) = (
            try CandidateTests.sets(candidates: 8, similar: similar),
            try CandidateTests.sets(candidates: 8, similar: similar, group: 5)
        )
        #expect(Set(together.keys) == Set(alone.keys))
        for (set, rows) in together {
            #expect(Set(rows.map(\.id)) == Set(alone[set, default: []].map(\.id)) && rows.count == alone[set]?.count)
            let groups = Self.groups(rows)
            // A group of five has at most eight functions, so that any row fits where none are listed for their names.
            if similar == 0 { #expect(groups.count == (rows.count + 4) / 5, "\(set)") }
            #expect(groups.count { $0.count == 5 } >= rows.count / 5 - 2)
            for row in rows {
                #expect(Set(row.functions).count == 8 && row.functions.count == 8)
                #expect(CandidateTests.called(by: row).isSubset(of: row.functions))
                #expect(row.answers == CandidateTests.rows.first { $0.id == row.id }?.answers)
            }
        }
        let train = Self.groups(try #require(together["train"]))
        #expect(Set(train.map { $0[0].functions.sorted() }).count == train.count)
    }

    /// As many functions as rows of their own have share a word with one that a row of the group calls.
    @Test func aGroupListsSimilarFunctionsToo() throws {
        func share(group: Int) throws -> Double {
            let rows = try #require(
                try CandidateTests.sets(candidates: 4, similar: 1, group: group)["train"])
            let shares = Self.groups(rows).filter { !CandidateTests.called(by: $0[0]).isEmpty }.map { rows in
                let words = Set(rows.flatMap { CandidateTests.called(by: $0) }.flatMap(SearchTerms.terms))
                return Double(rows[0].functions.count { !words.isDisjoint(with: SearchTerms.terms(of: $0)) }) / 4
            }
            return shares.reduce(0, +) / Double(shares.count)
        }
        #expect(try share(group: 5) >= share(group: 1) - 0.05)
    }

    @Test func aShortListIsFilledByRowsThatItSuits() throws {
        let groups = Self.groups(try #require(try CandidateTests.sets(candidates: 2, group: 3)["train"]))
        #expect(groups.contains { $0.count >= 3 })
        for row in groups.joined() {
            #expect(row.functions.count == 2 && CandidateTests.called(by: row).isSubset(of: row.functions))
        }
    }

    @Test func noRowOfAGroupListsWhatOneMisses() throws {
        let sets = try CandidateTests.sets(candidates: 8, missing: 0.3, group: 5)
        var missed = 0
        for row in sets.values.joined() where !CandidateTests.called(by: row).isEmpty {
            let called = CandidateTests.called(by: row)
            if row.answers.isEmpty {
                missed += 1
                #expect(called.isDisjoint(with: row.functions) && row.possible == nil)
            } else {
                #expect(called.isSubset(of: row.functions))
            }
            #expect(row.functions.count == 8)
        }
        #expect((60...120).contains(missed))
    }

    @Test func aWholePoolHasOneOrderInAGroup() throws {
        let train = try #require(try CandidateTests.sets(candidates: 0, group: 8)["train"])
        let groups = Self.groups(train)
        #expect(groups.dropLast().allSatisfy { $0.count == 8 } && groups.count == (train.count + 7) / 8)
        #expect(Set(train.map { Set($0.functions) }).count == 1)
        #expect(groups[0][0].functions != groups[1][0].functions)
    }

    @Test func groupsDoNotDependOnTheOrderOfTheRows() throws {
        let (before, after) = (
            try CandidateTests.sets(candidates: 8, missing: 0.2, group: 5),
            try CandidateTests.sets(candidates: 8, missing: 0.2, group: 5, rows: CandidateTests.rows.reversed())
        )
        #expect(before == after)
    }
}
