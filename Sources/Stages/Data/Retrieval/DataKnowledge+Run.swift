import CanonicalJSON
import Diagnostics
import Engine
import Foundation
import Kinds

extension DataKnowledge: RunnableStage {
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets,
    ]

    package func run(in context: StageContext) throws {
        let snippets = try SnippetsReader.snippets(in: context)
        let sets = try context.readSets()
        let search = try DocumentSearch(method, documents: snippets, queries: sets.queries, in: context)
        let informed = sets.mapRows { row, _ in
            let scores = search.scores(for: row.query)
            let near = method == .bm25 ? snippets.indices.filter { scores[$0] > 0 } : Array(snippets.indices)
            var row = row
            row.background.knowledge = scores.nearest(topK, among: near).map { snippets[$0] }
            return row
        }
        try context.write(informed)
        try context.copy(DataFiles.functions.name, from: "data")
        try context.write(context.readTaskDescription())
    }
}

/// Reads a file of knowledge: JSON lines with `text`, or a YAML list of texts or of mappings with `text`.
enum SnippetsReader {
    /// The snippets of the input's one file, in its order; each text once.
    static func snippets(in context: StageContext) throws -> [String] {
        let files = try context.files(below: "snippets")
        guard files.count == 1, let file = files.first.map({ context.input("snippets", $0) }) else {
            throw StageFailure("the source of data.knowledge must be one file, not \(files.count)")
        }
        let content = try Data(contentsOf: file)
        let name = file.lastPathComponent
        let isYAML = ["yaml", "yml"].contains(file.pathExtension.lowercased())
        let texts = isYAML ? try yaml(content, name) : try lines(content, name)
        var seen: Set<String> = []
        let snippets = texts.filter { seen.insert($0).inserted }
        guard !snippets.isEmpty else { throw StageFailure("\(name) holds no snippet") }
        return snippets
    }

    private static func lines(_ content: Data, _ name: String) throws(StageFailure) -> [String] {
        var texts: [String] = []
        for (index, line) in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where !line.isBlank {
            texts.append(try text(of: line, place: "\(name), line \(index + 1)"))
        }
        return texts
    }

    private static func text(of line: some Collection<UInt8>, place: String) throws(StageFailure) -> String {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: line)
        } catch {
            throw StageFailure("\(place): not JSON: \(error.reason) (column \(error.column))")
        }
        guard let text = json["text"]?.string, !text.isEmpty else {
            throw StageFailure("\(place): the snippet has no 'text'; add it or take the line out")
        }
        return text
    }

    private static func yaml(_ content: Data, _ name: String) throws(StageFailure) -> [String] {
        var findings: [Diagnostic] = []
        let root = readDocument(SourceText(path: name, bytes: content), &findings)
        var texts: [String] = []
        if let root, root.sequence == nil { findings.append(.expected("a list of snippets", for: "the file", found: root)) }
        for node in root?.sequence ?? [] {
            if let text = (node["text"] ?? node).scalar?.text, !text.isEmpty {
                texts.append(text)
            } else {
                findings.append(.expected("a text or {text: …}", for: "a snippet", found: node))
            }
        }
        if findings.hasErrors { throw StageFailure(findings) }
        return texts
    }
}
