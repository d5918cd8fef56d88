import CanonicalJSON
import Engine
import Foundation
import Words

/// The files that data artifacts have in common.
package enum DataFiles {
    package static let functions = File<FunctionPool>("functions.json")
    /// Rows before they are divided into sets.
    static let rows = File<[Row]>("rows.jsonl")
    /// What the rows are for; rows of an artifact without it want calls.
    package static let task = File<TaskDescription>("task.json")
    package static let train = set(RowSets.training)
    package static let valid = set("valid")
    package static let test = set("test")

    private static let ending = ".jsonl"

    package static func set(_ name: String) -> File<[Row]> { File(name + ending) }

    /// The sets that a folder has files of, sorted.
    static func sets(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(ending) }
            .map { String($0.dropLast(ending.count)) }.filter { !RowSet.otherFiles.contains($0) }.sorted()
    }
}

extension Row: LineContent {
    package static let noun = "row"
    package init(line: JSON) throws(RowError) { try self.init(json: line) }
    package var line: JSON { json }
}

/// Functions, each under a name of its own; in the file they are sorted by it.
package struct FunctionPool: ByteContent {
    package let functions: [String: FunctionDefinition]

    init(_ functions: some Sequence<FunctionDefinition>) {
        self.functions = Dictionary(functions.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    package init(parsing bytes: Data, named name: String) throws {
        let list: JSON
        do throws(JSONError) {
            list = try JSON(parsingAsWritten: bytes)
        } catch {
            throw StageFailure("\(name): \(error)")
        }
        guard let entries = list.array else { throw StageFailure("\(name) is not a list of functions") }
        do throws(RowError) {
            self.init(try entries.map(FunctionDefinition.init(json:)))
        } catch {
            throw StageFailure("\(name): \(error)")
        }
    }

    package var bytes: Data { JSON.array(functions.values.sorted { $0.name < $1.name }.map(\.json)).bytes }
}

extension TaskDescription: ByteContent {
    package init(parsing bytes: Data, named name: String) throws {
        let json = try JSON(parsing: bytes, named: name)
        do throws(RowError) {
            try self.init(json: json)
        } catch {
            throw StageFailure("\(name): \(error)")
        }
    }

    package var bytes: Data { json.bytes }
}

extension StageContext {
    /// What the rows of an input are for.
    func readTaskDescription(of data: String = "data") throws -> TaskDescription {
        let isWritten = FileManager.default.fileExists(atPath: input(data, DataFiles.task.name).path)
        return isWritten ? try read(DataFiles.task, from: data) : .calls
    }

    /// The task of the rows of an input.
    func readTask(of data: String = "data") throws -> any AnswerTask {
        try readTaskDescription(of: data).task(functions: readFunctions(data))
    }

    /// Writes what rows are for, unless they want calls and nothing more is said.
    func write(_ task: TaskDescription) throws { if task != .calls { try write(task, to: DataFiles.task) } }

    /// The functions of a data artifact by name.
    func readFunctions(_ input: String) throws -> [String: FunctionDefinition] {
        try read(DataFiles.functions, from: input).functions
    }

    /// The sets of the input `data`.
    func readSets() throws -> RowSets {
        RowSets(
            sets: try DataFiles.sets(in: input("data")).map { ($0, try read(DataFiles.set($0), from: "data")) })
    }

    func write(_ sets: RowSets) throws {
        for (name, rows) in sets.sets { try write(rows, to: DataFiles.set(name)) }
    }
}

/// The rows of a data artifact by set.
struct RowSets {
    static let training = "train"

    /// In the order of their names.
    var sets: [(name: String, rows: [Row])]

    /// Every query once, in the order of the sets. Passages ask nothing.
    var queries: [String] {
        var seen: Set<String> = []
        return sets.flatMap { $0.rows.filter { !$0.isPassage }.map(\.query) }.filter { seen.insert($0).inserted }
    }

    /// Functions that rows of other sets call and no training row does: those that training rows may not show. What unlabelled
    /// training rows call nobody knows: beside such, only functions out of domain are unseen.
    var unseenInTraining: Set<String> {
        var called: (training: Set<String>, elsewhere: Set<String>) = ([], [])
        let isKnown = !sets.contains { $0.name == Self.training && $0.rows.contains(where: \.isUnlabelled) }
        for (name, rows) in sets {
            let names = rows.flatMap { $0.answers.map(\.name) }
            if name == Self.training {
                called.training.formUnion(names)
            } else if isKnown || name == RowSet.ood.rawValue {
                called.elsewhere.formUnion(names)
            }
        }
        return called.elsewhere.subtracting(called.training)
    }

    /// Whether a set has its name from the recipe. Rows of such a set keep the functions that they came with.
    static func isNamed(_ set: String) -> Bool { RowSet(rawValue: set) == nil }

    /// Functions that only rows of named sets list or call: no other row's prompt may show them.
    var functionsOfNamedSets: Set<String> {
        var functions = ListedFunctions()
        for (set, rows) in sets {
            // Rows that are mixed into training stay apart.
            for row in rows { functions.take(row, isApart: RowSets.isNamed(set) || row.isApart) }
        }
        return functions.ofNamedSets
    }

    /// The sets with every row changed, which is told its set. Passages stay as they are.
    func mapRows(_ change: (Row, String) -> Row) -> RowSets {
        RowSets(sets: sets.map { name, rows in (name, rows.map { $0.isPassage ? $0 : change($0, name) }) })
    }
}

extension Row {
    /// Whether it was read under a name that no other row has a part in.
    var isApart: Bool { self.set.map(RowSets.isNamed) ?? false }
}

/// The functions that rows list or call, gathered row by row.
struct ListedFunctions {
    private var named: Set<String> = []
    private var standard: Set<String> = []

    /// - Parameter isApart: whether other rows may not show the row's functions, unless they have them too.
    mutating func take(_ row: Row, isApart: Bool) {
        let names = row.functions + row.answers.map(\.name)
        if isApart { named.formUnion(names) } else { standard.formUnion(names) }
    }

    /// Those that only rows of named sets have.
    var ofNamedSets: Set<String> { named.subtracting(standard) }
}
