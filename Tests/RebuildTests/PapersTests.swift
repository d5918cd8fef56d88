import BuildModel
import Foundation
import Kinds
import TestSupport
import Testing

/// docs/papers.md: each point of the papers has a recipe, stages and tests, and all that it names is there.
@Suite struct PapersTests {
    /// A line of one of the page's tables.
    struct Point {
        let cells: [String]

        /// What a column has between backticks.
        func code(_ column: Int) -> [String] {
            cells[column].split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
        }

        var recipes: [String] { code(2).filter { $0.hasSuffix(".yaml") } }
        var kinds: [String] { code(3) }
        var suites: [String] { code(4) }
    }

    static func points() throws -> [Point] { try papers().values.flatMap(\.self) }

    /// By the title of their paper.
    static func papers() throws -> [String: [Point]] {
        var papers: [String: [Point]] = [:]
        var paper = ""
        for line in try Checkout.text("docs/papers.md").split(separator: "\n") {
            if line.hasPrefix("## ") { paper = String(line.dropFirst(3)) }
            guard line.hasPrefix("| "), !line.hasPrefix("| where ") else { continue }
            let cells = line.replacing("\\|", with: "¦").split(separator: "|", omittingEmptySubsequences: false)
            papers[paper, default: []].append(
                Point(cells: cells.dropFirst().dropLast().map { $0.trimmingCharacters(in: .whitespaces) }))
        }
        return papers
    }

    @Test func everyPointSaysWhereItIs() throws {
        let points = try Self.points()
        #expect(points.count > 35)
        for point in points {
            #expect(point.cells.count == 5 && !point.code(2).isEmpty && !point.suites.isEmpty, "\(point.cells)")
        }
        let tables = try Self.papers().mapValues { Set($0.flatMap { Self.tables($0.cells[0]) }) }
        #expect(tables["From Large to Super-Tiny"]?.isSuperset(of: [1, 2, 3, 4, 7, 8, 9, 10, 12]) == true)
        #expect(tables["Efficient AI in Practice"]?.isSuperset(of: 1...5) == true)
    }

    /// `3.3, tables 1, 4, 9` names 1, 4 and 9.
    private static func tables(_ place: String) -> [Int] {
        place.range(of: "table").map { place[$0.upperBound...].split { !$0.isNumber }.compactMap { Int($0) } } ?? []
    }

    @Test func kindsAndSuitesAreThere() throws {
        let kinds = Set(KindCatalogue.standard.kinds.map { $0.name })
        let files = FileManager.default.enumerator(atPath: Checkout.file("Tests").path)?.compactMap { $0 as? String } ?? []
        let suites = Set(files.filter { $0.hasSuffix(".swift") }.map { String(($0 as NSString).lastPathComponent.dropLast(6)) })
        for point in try Self.points() {
            for kind in point.kinds { #expect(kinds.contains(kind), "\(kind)") }
            for suite in point.suites { #expect(suites.contains(suite), "\(suite)") }
        }
    }

    /// A recipe that stands for a table has the stages of its row.
    @Test func recipesHaveTheStages() throws {
        for point in try Self.points() where !point.recipes.isEmpty {
            let folder = Checkout.file("recipes")
            let graphs = try point.recipes.map { recipe in
                try #require(ExplanationTests.graph(try Checkout.text("recipes/\(recipe)"), in: folder), "\(recipe)")
            }
            let kinds = Set(graphs.flatMap(\.stages).map(\.kind))
            for kind in point.kinds { #expect(kinds.contains(kind), "\(point.recipes): \(kind)") }
        }
    }
}
