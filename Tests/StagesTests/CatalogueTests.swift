import BuildModel
import CanonicalJSON
import Declarations
import Engine
import Executor
import Foundation
import RecipeLanguage
import Store
import Testing

@testable import Kinds
@testable import Stages

/// A kind that only this test target knows: it writes one text, and how long it is.
private struct Greet: StageKind {
    static let declaration = KindDeclaration("greet", revision: 1, output: "`greeting.txt`, `length.json`")

    @Spanned var text = ""

    static let standard = Self()
    static let parameters: [Kinds.Parameter<Self>] = [.init(\.$text, .text("text", "What is written."))]
}

extension Greet: RunnableStage {
    static let length = File<JSON>("length.json")
    static let greeting = File<String>("greeting.txt")
    static let artifact: [Output] = [.figures(length), .file(greeting)]

    func run(in context: StageContext) throws {
        try context.write(text, to: Self.greeting)
        try context.write(["characters": .integer(Int64(text.count))], to: Self.length)
    }
}

/// Runs stages in this process, as the program does in a child of its own.
private struct CatalogueRunner: Runner {
    let catalogue: StageCatalogue

    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let action = try Action(encoding: JSON(parsing: Data(contentsOf: workspace.actionFile)))
        let context = StageContext(
            inputs: workspace.inputs, outputs: workspace.outputs, threads: threads, reportProgress: onProgress)
        try catalogue.stage(for: action).run(in: context)
        return StageExit(status: 0)
    }
}

@Suite struct CatalogueTests {
    @Test func aKindOfATestTargetIsBuiltAndItsFiguresAreKnown() async throws {
        let folder = URL.temporaryDirectory.appending(path: "decant-kinds-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        let catalogue = StageCatalogue(KindCatalogue.standard.kinds + [Greet.self])
        let stage = Stage(
            name: "hello", kind: Greet.name, revision: Greet.revision, parameters: try Greet(text: "hello").json)
        let graph = Graph(stages: [stage], targets: [])
        let executor = Executor(store: try Store(at: folder), runner: CatalogueRunner(catalogue: catalogue))
        let outcome = try await executor.build(graph, targets: graph.ids) { _ in }
        let artifact = try #require(outcome[graph.ids[0]]?.artifact)
        #expect(artifact.files.map(\.path) == ["greeting.txt", "length.json"])
        #expect(catalogue.figures["length.json"]?.text("length.json", ["characters": 5]).contains("\"characters\": 5") == true)
        #expect(StageCatalogue.standard.figures["length.json"] == nil)
        #expect(StageCatalogue.standard.kind(named: Greet.name) == nil)
    }

    /// Sources are fetched. All else is run, or the page of kinds marks it as what this version cannot run.
    @Test func everyKindHasARunOrAStatedLimitation() throws {
        let page = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/stage-kinds.md"),
            encoding: .utf8)
        let runnable = Set(StageCatalogue.standard.kinds.map { $0.name })
        for kind in KindCatalogue.standard.kinds where !kind.name.hasPrefix("source.") {
            #expect(runnable.contains(kind.name) != page.contains("| `\(kind.name)` ◦"), "\(kind.name)")
            let limitation = StageCatalogue.standard.limitation(of: kind.name, [:])
            #expect(runnable.contains(kind.name) ? limitation == nil : limitation?.words.contains(kind.name) == true)
        }
    }

    @Test func noFileIsDeclaredTwiceByAKind() {
        for kind in StageCatalogue.standard.kinds {
            let names = kind.artifact.map(\.name)
            #expect(!names.isEmpty && Set(names).count == names.count, "\(kind.name)")
        }
    }

    // MARK: Metrics

    @Test func everyMetricThatARecipeCanAskForIsDeclared() {
        let known = Set(Metric.all.map(\.name))
        #expect(known.count == Metric.all.count)
        let words = Set(EvaluateSection.Metric.allCases.map(\.rawValue))
        #expect(words.subtracting(known) == [])
    }

    /// A metric is one value: its column follows from it.
    @Test func aMetricOfATestTargetIsAColumn() {
        let metric = Metric("longest", heading: "longest answer", .set(member: "longest"), .lowerIsBetter, .init(places: 1))
        let report: JSON = [
            "metrics": ["longest"], "sets": ["test"],
            "rows": [["name": "model", "parameters": 5, "bytes": 2048, "sets": ["test": ["longest": 7]]]],
        ]
        let text = ReportTable(report, knowing: Metric.all + [metric]).text
        #expect(text.hasPrefix("model  parameters   size  longest answer test\n"))
        #expect(text.hasSuffix("model     0.000 M  2 KiB                  7.0\n"))
        #expect(!ReportTable(report).text.contains("longest"))
    }

    /// `show` prints the file of every metric.
    @Test func theFileOfEveryMetricIsAmongTheFiguresThatAreShown() {
        let figures = StageCatalogue.standard.figures
        for metric in Metric.all {
            switch metric.source {
            case .model(_, let file, _, _), .firstSet(_, let file, _, _): #expect(figures[file.name] != nil, "\(metric.name)")
            case .set: #expect(figures[EvalScore.scores.name] != nil)
            }
        }
        #expect(figures["perplexity.json"] != nil)
    }

    @Test func aReportRefusesAMetricThatItDoesNotKnow() throws {
        let context = StageContext(inputs: URL(filePath: "/nowhere"), outputs: URL(filePath: "/nowhere"), threads: 1) { _ in }
        do {
            try Report(rows: [], metrics: ["exact", "beauty"], sets: []).run(in: context)
            Issue.record("the report was made")
        } catch let failure as StageFailure {
            #expect(failure.description.hasPrefix("a report knows no metric 'beauty'; it knows parameters, bytes, flops, "))
        }
    }

    /// Better is less for perplexity and more for right answers.
    @Test(arguments: [("perplexity", 3.0, 2.0), ("exact", 0.2, 0.3)])
    func frontsFollowAMetricsDirection(name: String, worse: Double, better: Double) {
        func row(_ name: String, _ value: Double) -> JSON {
            ["name": .string(name), "bytes": 100, "perplexity": .number(value), "sets": ["test": ["exact": .number(value)]]]
        }
        let report = Report(rows: ["a", "b"], metrics: [name], sets: ["test"], fronts: [name])
        let marked = report.withFronts([row("a", worse), row("b", better)])
        #expect(marked.map { $0["front"] } == [[], [.string(name)]])
    }
}
