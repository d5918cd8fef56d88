import CanonicalJSON
import Kinds

extension RetrievalReport: RunnableStage {
    static let figures = File<JSON>("retrieval.json")
    private static let page = File<String>("retrieval.md")
    package static let artifact: [Output] = [.figures(figures, as: .retrieval), .file(page)]

    package func run(in context: StageContext) throws {
        let entries = try rows.enumerated().map { index, name -> JSON in
            let recall = try context.read(DataRetrieve.recall, from: "recall.\(index)")
            return [
                "name": .string(name), "method": recall["method"] ?? .null, "extensible": recall["extensible"] ?? .null,
                "sets": recall["sets"] ?? [:],
            ]
        }
        let report: JSON = ["rows": .array(entries), "places": .array(places.map(JSON.count))]
        try context.write(report, to: Self.figures)
        try context.write(RetrievalText(report).table.markdown, to: Self.page)
    }
}

/// Recall by set and number of functions, a line for each way of retrieval and set.
struct RetrievalText {
    let table: TextTable

    /// - Parameter report: `retrieval.json`.
    init(_ report: JSON) {
        let places = (report["places"]?.array ?? []).compactMap(\.integer)
        let lines = (report["rows"]?.array ?? []).flatMap { row in
            (row["sets"] ?? [:]).sortedMembers.filter { ($0.value["rows"]?.integer ?? 0) > 0 }.map { set, recall in
                [row["name"]?.string ?? "", set, Self.extensibility(row["extensible"])]
                    + places.map { ReportTable.percentage(recall["recall"]?[String($0)]?.double) }
            }
        }
        table = TextTable(
            headings: ["retrieval", "set", "new functions"] + places.map { "recall@\($0)" }, lines: lines, words: 3)
    }

    private static func extensibility(_ value: JSON?) -> String {
        value?.bool.map { $0 ? "by their documents" : "after another training" } ?? ""
    }
}

extension Figures {
    static let retrieval = Figures { _, content in RetrievalText(content).table.text }
}
