import CanonicalJSON
import Engine
import Records

/// Pairs of answers for people: in an order of chance, without the models' names.
struct PairSheet {
    /// A line of the sheet.
    private struct Line {
        /// Among the pairs.
        let place: Int
        let pair: AnswerPair
        let isOwnFirst: Bool

        var first: String { (isOwnFirst ? pair.own : pair.other).response }
        var second: String { (isOwnFirst ? pair.other : pair.own).response }
    }

    private let lines: [Line]

    private static let columns = ["number", "question", "choices", "A", "B", "better", "reason"]

    init(_ pairs: [AnswerPair], seed: Int) {
        lines = pairs.indices.sorted { pairs[$0].chance("sheet", seed) < pairs[$1].chance("sheet", seed) }.map { place in
            Line(place: place, pair: pairs[place], isOwnFirst: pairs[place].chance("first", seed) < 0.5)
        }
    }

    /// CSV, as RFC 4180 has it.
    func text(_ task: any AnswerTask) throws(RowError) -> String {
        var text = Self.text(of: Self.columns)
        for (index, line) in lines.enumerated() {
            let choices = try task.choices(for: line.pair.row)
            text += Self.text(of: [String(index + 1), line.pair.row.plainPrompt, choices, line.first, line.second, "", ""])
        }
        return text
    }

    private static func text(of cells: [String]) -> String { cells.map(quoted).joined(separator: ",") + "\r\n" }

    private static func quoted(_ cell: String) -> String {
        let isPlain = !cell.utf8.contains { [UInt8(ascii: "\""), UInt8(ascii: ","), 0x0A, 0x0D].contains($0) }
        return isPlain ? cell : "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }

    /// For each line of the sheet whose answers it has as A and as B.
    var key: [JSON] {
        lines.enumerated().map { index, line -> JSON in
            [
                "number": .count(index + 1), "set": .string(line.pair.set), "id": .string(line.pair.row.id),
                "A": .string(line.isOwnFirst ? "answers" : "others"), "B": .string(line.isOwnFirst ? "others" : "answers"),
            ]
        }
    }

    /// What people say who filled the sheet in, by the pairs' places. A line without a word under `better` is left out.
    func outcomes(in context: StageContext, input: String) throws -> [Int: PairOutcome] {
        var outcomes: [Int: PairOutcome] = [:]
        for path in try context.files(below: input) {
            do {
                try RecordFile(context.input(input, path), named: "\(input)/\(path)").read { place, record in
                    switch record {
                    case .failure(let damage): throw StageFailure("\(place): \(damage)")
                    case .success(let json):
                        let line = try line(of: json, at: place)
                        if let result = try Self.result(of: json, line, at: place) {
                            outcomes[line.place] = PairOutcome(result: result, why: json["reason"]?.string ?? "")
                        }
                    }
                }
            } catch let error as RecordError {
                throw StageFailure("\(error)")
            }
        }
        return outcomes
    }

    /// The line that people were shown. Answers that have changed since are no longer what they judged.
    private func line(of json: JSON, at place: RecordPlace) throws -> Line {
        guard let number = json["number"].flatMap({ $0.integer ?? $0.string.flatMap { Int($0) } }),
            lines.indices.contains(number - 1)
        else { throw StageFailure("\(place): 'number' is none of the sheet's") }
        let line = lines[number - 1]
        guard json["A"]?.string == line.first, json["B"]?.string == line.second else {
            throw StageFailure("\(place): the answers are not those of number \(number) any more; fill in a new sheet")
        }
        return line
    }

    private static func result(of json: JSON, _ line: Line, at place: RecordPlace) throws -> PairOutcome.Result? {
        switch (json["better"]?.string ?? "").trimmed.lowercased() {
        case "": nil
        case "a": line.isOwnFirst ? .win : .loss
        case "b": line.isOwnFirst ? .loss : .win
        case "tie": .tie
        default: throw StageFailure("\(place): 'better' wants A, B or tie")
        }
    }
}
