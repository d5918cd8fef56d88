import Archives
import CanonicalJSON
import Foundation
import Programs

/// A Parquet or Arrow file. A program of its own reads it, batch by batch, and writes a JSON object for each row; members
/// without a value are left out. Times and decimals are texts, bytes hexadecimal digits.
struct ColumnFile {
    private let url: URL
    private let container: Container
    private let file: String
    private let scratch: URL
    private let limits: Archive.Limits
    private let library: ColumnLibrary

    /// Of address space. What a damaged file claims to need ends the reader, not the machine.
    private static let mostMemory = 8 << 30

    init(_ url: URL, _ container: Container, file: String, scratch: URL, limits: Archive.Limits, library: ColumnLibrary) {
        (self.url, self.container, self.file) = (url, container, file)
        (self.scratch, self.limits, self.library) = (scratch, limits, library)
    }

    func forEach(
        columns: ([String]) throws -> Void, record: (RecordPlace, Result<JSON, DamagedRecord>) throws -> Void
    ) throws {
        let errors = scratch.appending(path: "reader-\(UUID().uuidString).errors")
        defer { try? FileManager.default.removeItem(at: errors) }
        let reader = try start(errors: errors)
        var budget = try ExpansionBudget(for: url, limits)
        let stream = ByteStream(named: file) { buffer in
            let count = reader.output.read(into: buffer)
            try budget.count(max(0, count))
            return max(0, count)
        }
        do {
            // The first line tells the columns. Where there is none, the end of the program says why.
            if let head = try stream.nextLine(), let head = try? JSON(parsing: head) {
                let names = (head["columns"]?.array ?? []).compactMap(\.string)
                try columns(names)
                let labels = ClassLabels(head["labels"] ?? [:])
                try JSONLines(stream, file: file, counting: .row).forEach { place, row in
                    try record(place, row.map { labels.named($0.usuallySpelled) })
                }
            }
        } catch {
            reader.signal(SIGKILL)
            _ = reader.waitForEnd()
            throw error
        }
        let ending = reader.waitForEnd().ending
        guard ending == .exited(status: 0) else {
            let reason =
                if case .exited = ending { ColumnLibrary.end(of: errors, lines: 1) } else {
                    "it is damaged, or needs more than \(Self.mostMemory >> 30) GiB of memory"
                }
            throw RecordError("\(file) cannot be read as \(container.rawValue): \(reason)")
        }
    }

    private func start(errors: URL) throws -> RunningProgram {
        guard library.isInstalled else {
            throw RecordError(
                "\(file) holds \(container.rawValue), and what reads that is not installed on this machine: run "
                    + "`decant install parquet`, once (it downloads 12 MB)")
        }
        let python = library.python.path
        let arguments = ["-I", "-S", "-B", "-c", Self.script, library.folder.path, url.path, container.rawValue]
        let limit = "ulimit -v \(Self.mostMemory >> 10) && exec \"$0\" \"$@\""
        return try Program(
            "/bin/sh", ["-c", limit, python] + arguments, environment: ["LC_ALL": "C.UTF-8", "TZ": "UTC"], directory: scratch
        ).start(errors: .file(errors))
    }

    /// What `python` runs: the library's folder, the file and its container in; a line about the columns and a line for each
    /// row out. `datasets` notes the names of labels, which are numbers in the columns, in the schema's metadata.
    private static let script = """
        from json import dumps, loads
        from re import search
        from sys import argv, exit, path, stderr, stdout
        folder, file, container = argv[1:]
        path.insert(0, folder)
        try:
            from arro3 import io
            from arro3.core import DataType, RecordBatch
            if container == "Parquet":
                reader = io.read_parquet(file, batch_size=1024)
            else:
                reader = io.read_ipc(file) if container == "Arrow" else io.read_ipc_stream(file)
            schema = reader.schema
            labels = {}
            try:
                features = loads(schema.metadata[b"huggingface"])["info"]["features"]
                for name, feature in features.items():
                    if feature.get("_type") == "ClassLabel":
                        labels[name] = [str(label) for label in feature["names"]]
            except (AttributeError, KeyError, TypeError, ValueError):
                pass
            out = stdout.buffer
            out.write(dumps({"columns": schema.names, "labels": labels}).encode() + b"\\n")
            decimal = [DataType.is_decimal(schema.field(index).type) for index in range(len(schema.names))]
            for batch in reader:
                if any(decimal):
                    columns = [c.cast(DataType.string()) if d else c for c, d in zip(batch.columns, decimal)]
                    batch = RecordBatch.from_arrays(columns, names=schema.names)
                io.write_ndjson(batch, out)
            out.flush()
        except BaseException as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            # What a panic of the library says about the file stands in quotes.
            inner = search(r'value: \\w+\\("(.*)"\\)', reason)
            stderr.write("\\n" + (inner.group(1) if inner else reason))
            exit(1)
        """
}

/// The names of labels that a file holds as numbers, by column.
private struct ClassLabels {
    private let names: [String: [JSON]]

    init(_ json: JSON) { names = (json.object ?? [:]).compactMapValues(\.array) }

    /// The record with the names of its labels. A number without a name, such as -1, stands for none.
    func named(_ record: JSON) -> JSON {
        if names.isEmpty { return record }
        guard var members = record.object else { return record }
        for (column, names) in names {
            if let number = members[column]?.integer {
                members[column] = names.indices.contains(number) ? names[number] : .null
            }
        }
        return .object(members)
    }
}

extension FileHandle {
    /// - Returns: the number of bytes; none at the end, less than none where it cannot be read.
    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = Foundation.read(fileDescriptor, buffer.baseAddress, buffer.count)
            if count >= 0 || errno != EINTR { return count }
        }
    }
}
