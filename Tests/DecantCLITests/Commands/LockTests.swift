import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Sources from elsewhere: locked, fetched, checked.
@Suite struct LockTests {
    static func recipe(_ source: String) -> String {
        """
        decant: 1
        name: locked
        sources: {rows: {\(source)}}
        data: {ingest: {format: decant, train: rows}, split: {test: 30%}}
        """
    }

    /// Locks a recipe, builds its data, and builds them again where nothing can be fetched any more.
    private func lockAndBuild(_ program: DecantProgram, files: [String]) throws {
        #expect(try program.run("build", "tiny.yaml", status: 2).errors.contains("error[unpinned-source]"))
        #expect(try program.run("build", "tiny.yaml", status: 2).errors.contains("run `decant lock`"))
        let locked = try program.run("lock", "tiny.yaml")
        #expect(locked.output.contains("tiny.lock: 1 source locked"))
        let lock = try JSON(parsing: Data(contentsOf: program.folder.appending(path: "tiny.lock")))
        #expect(lock["sources"]?["rows"]?["files"]?.array?.map { $0["path"]?.string ?? "" } == files)
        program.cache = "second"
        #expect(
            try program.run("build", "tiny.yaml", "data", "--json").events.last?["ran"] == ["source.rows", "data.rows", "data"])
        // The same lock again, byte by byte.
        let text = try Data(contentsOf: program.folder.appending(path: "tiny.lock"))
        try program.run("lock", "tiny.yaml")
        #expect(try Data(contentsOf: program.folder.appending(path: "tiny.lock")) == text)
    }

    @Test func aWheelOfThePackageIndex() throws {
        let program = try DecantProgram(recipe: Self.recipe(#"pypi: decant-rows==1.0, member: "*.jsonl""#))
        try program.write(SourceTests.rows, to: "rows.jsonl")
        try program.python(
            """
            import zipfile
            with zipfile.ZipFile("wheels/decant_rows-1.0-py3-none-any.whl", "w") as wheel:
                wheel.write("rows.jsonl", "decant_rows/rows.jsonl")
                wheel.writestr("decant_rows/__init__.py", "")
                wheel.writestr("decant_rows-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: decant-rows\\nVersion: 1.0\\n")
                wheel.writestr("decant_rows-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
                wheel.writestr("decant_rows-1.0.dist-info/RECORD", "")
            """)
        program.extraEnvironment = ["PIP_NO_INDEX": "1", "PIP_FIND_LINKS": program.folder.appending(path: "wheels").path]
        try lockAndBuild(program, files: ["decant_rows/rows.jsonl"])
        // Pinned in the recipe: no lock, and the member's own digest.
        try program.write(
            Self.recipe("pypi: decant-rows==1.0, member: \"*.jsonl\", sha256: \(Digest(hashing: SourceTests.rows))"),
            to: "pinned.yaml")
        program.cache = "third"
        #expect(try program.run("build", "pinned.yaml", "data", "--json").events.last?.strings("ran").first == "source.rows")
        try program.write(Self.recipe("pypi: decant-rows==2.0, member: \"*.jsonl\""), to: "tiny.yaml")
        #expect(try program.run("build", "tiny.yaml", status: 2).errors.contains("error[stale-lock]"))
        #expect(try program.run("lock", "tiny.yaml", status: 1).errors.contains("decant-rows==2.0 cannot be fetched: "))
    }

    @Test func filesOfAGitRepository() throws {
        let program = try DecantProgram()
        try program.write(SourceTests.rows, to: "rows.jsonl")
        let repository = program.folder.appending(path: "repository").path
        try program.shell(
            """
            git init -q \(repository) && cd \(repository) && mkdir data && cp ../rows.jsonl data/ && echo x > other.txt
            ln -s /etc/passwd data/link
            git add -A && git -c user.name=a -c user.email=b commit -qm one && git branch -M main && git tag v1
            """)
        try program.write(Self.recipe("git: \"file://\(repository)\", revision: main, member: data/*.jsonl"), to: "tiny.yaml")
        try lockAndBuild(program, files: ["data/rows.jsonl"])
        let lock = try JSON(parsing: Data(contentsOf: program.folder.appending(path: "tiny.lock")))
        let head = try program.shell("git -C \(repository) rev-parse HEAD").trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(lock["sources"]?["rows"]?["revision"]?.string == head)
        // The branch moves on; the lock holds the commit.
        try program.shell(
            "cd \(repository) && echo >> data/rows.jsonl && git -c user.name=a -c user.email=b commit -qam two")
        program.cache = "fourth"
        #expect(try program.run("build", "tiny.yaml", "data", "--json").events.last?["failed"] == [])
        try program.run("lock", "tiny.yaml", "--update")
        let updated = try JSON(parsing: Data(contentsOf: program.folder.appending(path: "tiny.lock")))
        #expect(updated["sources"]?["rows"]?["revision"]?.string != head)
        try program.write(Self.recipe("git: \"file://\(repository)\", revision: nowhere, member: x"), to: "tiny.yaml")
        #expect(try program.run("lock", "tiny.yaml", status: 1).errors.contains("has no branch, tag or commit 'nowhere'"))
        try program.write(Self.recipe("git: \"file://\(repository)\", revision: v1, member: x"), to: "tiny.yaml")
        #expect(try program.run("lock", "tiny.yaml", status: 1).errors.contains("has no file that matches 'x'; it has "))
    }

    @Test func filesOfTheHub() throws {
        let program = try DecantProgram(recipe: Self.recipe("huggingface: decant/rows, revision: main, member: \"*.jsonl\""))
        let commit = String(repeating: "ab", count: 20)
        try program.write(SourceTests.rows, to: "rows.jsonl")
        try program.shell(
            """
            mkdir -p hub/api/models/decant/rows/revision hub/decant/rows/resolve/\(commit)/data
            cp rows.jsonl hub/decant/rows/resolve/\(commit)/data/
            echo '{"sha": "\(commit)", "siblings": [{"rfilename": "data/rows.jsonl"}, {"rfilename": "README.md"}]}' \
                | tee hub/api/models/decant/rows/revision/main > hub/api/models/decant/rows/revision/\(commit)
            """)
        let server = try FileServer(program.folder.appending(path: "hub"))
        defer { server.stop() }
        program.extraEnvironment = ["HF_ENDPOINT": "http://127.0.0.1:\(server.port)", "HF_TOKEN": "secret-token"]
        try lockAndBuild(program, files: ["data/rows.jsonl"])
        let lock = try String(contentsOf: program.folder.appending(path: "tiny.lock"), encoding: .utf8)
        #expect(lock.contains(commit) && !lock.contains("secret"))
        server.stop()
        program.cache = "fifth"
        let refused = try program.run("build", "tiny.yaml", "data", status: 1).errors
        #expect(refused.contains("cannot be reached") && !refused.contains("secret"))
    }

    /// A data set of the hub by name: pinned by a lock, fetched, and read as the rows that it holds.
    @Test func aDataSetOfTheHub() throws {
        let repository = "datasets/Salesforce/xlam-function-calling-60k"
        let program = try DecantProgram(
            recipe: """
                decant: 1
                name: tiny
                sources: {rows: {huggingface: \(repository), revision: main, member: ["data/*.parquet", "*.json"]}}
                data: {ingest: {train: rows, format: xlam}}
                """)
        let commit = String(repeating: "ab", count: 20)
        let records = RowsFixture.records("xlam")
        let files = [
            "data/train.parquet": try RowsFixture.content([records[0]], in: "parquet"),
            "xlam.json": try RowsFixture.content([records[1]], in: "pretty"),
        ]
        for (path, content) in files {
            let file = program.folder.appending(path: "hub/\(repository)/resolve/\(commit)/\(path)")
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        let names = (files.keys.sorted() + ["README.md"]).map { "{\"rfilename\": \"\($0)\"}" }.joined(separator: ", ")
        for revision in ["main", commit] {
            try program.write(
                "{\"sha\": \"\(commit)\", \"siblings\": [\(names)]}", to: "hub/api/\(repository)/revision/\(revision)")
        }
        let server = try FileServer(program.folder.appending(path: "hub"))
        program.extraEnvironment = [
            "HF_ENDPOINT": "http://127.0.0.1:\(server.port)", "DECANT_READERS": try ColumnFiles.readers().path,
        ]
        let unlocked = try program.run("build", "tiny.yaml", "data.rows", status: 2).errors
        #expect(unlocked.contains("lock"), "\(unlocked)")
        try program.run("lock", "tiny.yaml")
        try program.run("build", "tiny.yaml", "data.rows")
        let shown = try program.run("show", "data.rows").output
        #expect(shown.contains("data/train.parquet (Parquet): 1 records, 1 rows for train"), "\(shown)")
        #expect(shown.contains("xlam.json (a JSON list): 1 records, 1 rows for train"))
    }

    @Test func membersOfAnArchive() throws {
        let program = try DecantProgram()
        try program.write(SourceTests.rows, to: "rows.jsonl")
        try program.shell(
            "mkdir a && cp rows.jsonl a/ && tar czf rows.tar.gz a && ln -s /etc/passwd a/b.jsonl && tar czf link.tar.gz a")
        let server = try FileServer(program.folder)
        defer { server.stop() }
        let url = "http://127.0.0.1:\(server.port)"
        try program.write(Self.recipe("http: \"\(url)/rows.tar.gz\", member: \"*.jsonl\""), to: "tiny.yaml")
        try lockAndBuild(program, files: ["a/rows.jsonl"])
        program.cache = "sixth"
        try program.write(Self.recipe("http: \"\(url)/rows.tar.gz\", member: \"*.csv\""), to: "tiny.yaml")
        #expect(
            try program.run("lock", "tiny.yaml", status: 1).errors.contains(
                "has no file that matches '*.csv'; it has a/rows.jsonl"))
        try program.write(Self.recipe("http: \"\(url)/link.tar.gz\", member: \"*.jsonl\""), to: "tiny.yaml")
        #expect(
            try program.run("lock", "tiny.yaml", status: 1).errors.contains(
                "a/b.jsonl in link.tar.gz is a link or a special file"))
    }

    @Test func aDamagedLockIsRefused() throws {
        let program = try DecantProgram()
        for text in [
            "", "{}", #"{"decant_lock": 2, "sources": {}}"#,
            #"{"decant_lock": 1, "sources": {"a": {"request": 1, "files": [{"path": "../x", "sha256": "0"}]}}}"#,
        ] {
            try program.write(text, to: "tiny.lock")
            let result = try program.run("plan", "tiny.yaml", status: 2)
            #expect(result.errors.contains("tiny.lock is no lock file"))
            #expect(result.errors.contains("hint: decant lock tiny.yaml"))
        }
    }
}

extension DecantProgram {
    /// Runs a script in the folder; its output.
    @discardableResult
    func shell(_ script: String) throws -> String { try ProgramRun.output(of: ["bash", "-ec", script], in: folder) }

    func python(_ script: String) throws {
        try shell("mkdir -p wheels")
        try ProgramRun.output(of: ["python3", "-c", script], in: folder)
    }
}
