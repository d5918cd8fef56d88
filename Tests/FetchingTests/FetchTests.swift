import BuildModel
import Foundation
import TestSupport
import Testing

@testable import Fetching

@Suite struct URLFetchTests {
    let fixture: FetchFixture
    let server: FileServer

    init() throws {
        fixture = try FetchFixture()
        server = try FileServer(fixture.folder)
    }

    @Test func withoutMembersTheFileItselfIsKeptUnderItsName() async throws {
        try fixture.write("content", to: "deep/rows.jsonl")
        let files = try await fixture.fetch(.url("\(server.address)/deep/rows.jsonl", members: []))
        #expect(files == ["rows.jsonl": "content"])
    }

    @Test func membersChooseFilesOfAnArchive() async throws {
        try fixture.zip([("a/one.gguf", "1"), ("a/two.txt", "2"), ("b/deep/three.gguf", "3")], as: "all.zip")
        let fetched = { (members: [String]) in
            try await fixture.fetch(.url("\(server.address)/all.zip", members: members)).keys.sorted()
        }
        #expect(try await fetched(["*.gguf"]) == ["a/one.gguf", "b/deep/three.gguf"])
        #expect(try await fetched(["a/*"]) == ["a/one.gguf", "a/two.txt"])
        #expect(try await fetched(["b/**/*.gguf", "two.txt"]) == ["a/two.txt", "b/deep/three.gguf"])
    }

    @Test(arguments: [("all.tar.gz", "w:gz"), ("all.tar.xz", "w:xz"), ("all.tar", "w")])
    func tarArchivesAreReadToo(name: String, mode: String) async throws {
        try fixture.write("1", to: "tree/one.txt")
        try fixture.write("2", to: "tree/two.txt")
        try fixture.run("python3", "-c", "import tarfile; tarfile.open('\(name)', '\(mode)').add('tree', './tree')")
        let files = try await fixture.fetch(.url("\(server.address)/\(name)", members: ["tree/one.txt"]))
        #expect(files == ["tree/one.txt": "1"])
    }

    @Test func aPatternThatMatchesNothingNamesWhatIsThere() async throws {
        try fixture.zip((10..<40).map { ("file\($0)", "x") }, as: "all.zip")
        let failure = await fixture.failure(.url("\(server.address)/all.zip", members: ["file10", "*.gguf"]))
        #expect(failure.contains("has no file that matches '*.gguf'; it has file10, file11"))
        #expect(failure.hasSuffix("file29 and 10 more"))
    }

    @Test func membersOfWhatIsNoArchiveAreAnError() async throws {
        try fixture.write("not an archive", to: "rows.jsonl")
        let failure = await fixture.failure(.url("\(server.address)/rows.jsonl", members: ["*"]))
        #expect(failure.contains("rows.jsonl cannot be read as a zip, tar or 7z archive"))
    }

    @Test func whatCannotBeReachedSaysHowToGoOn() async throws {
        // Nothing listens on port 9 of this machine.
        let failure = await fixture.failure(.url("http://127.0.0.1:9/rows.jsonl", members: []))
        #expect(failure.contains("cannot be reached"))
        #expect(failure.contains("`decant import FILE` takes a copy of the file"))
        #expect(await fixture.failure(.url("\(server.address)/gone", members: [])).contains("HTTP status 404"))
        #expect(await fixture.failure(.url("ftp://127.0.0.1/x", members: [])).contains("is not an http or https URL"))
    }
}

@Suite(.enabled(if: Machine.hasPip, "python3 has no pip here")) struct PyPIFetchTests {
    let fixture: FetchFixture
    /// pip looks for packages in the fixture's folder and nowhere else.
    let environment: [String: String]

    init() throws {
        fixture = try FetchFixture()
        environment = [
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": fixture.folder.path, "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_CACHE_DIR": "1",
        ]
        try fixture.zip(
            [
                ("tiny_model/model.gguf", "weights"), ("tiny_model/__init__.py", ""),
                ("tiny_model-1.2.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny-model\\nVersion: 1.2\\n"),
                ("tiny_model-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"),
                ("tiny_model-1.2.dist-info/RECORD", ""),
            ], as: "tiny_model-1.2-py3-none-any.whl")
    }

    @Test func membersOfAWheel() async throws {
        let origin = FixedOutput.Origin.pypi(requirement: "tiny-model==1.2", members: ["*.gguf"])
        let files = try await fixture.fetch(origin, environment: environment)
        #expect(files == ["tiny_model/model.gguf": "weights"])
    }

    @Test func withoutMembersTheWheelItself() async throws {
        let directory = fixture.file("whole")
        let fetcher = NetworkFetcher(environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
        let wheel = "tiny_model-1.2-py3-none-any.whl"
        #expect(try await fetcher.fetch(.pypi(requirement: "tiny-model==1.2", members: []), into: directory) == [wheel])
        #expect(try Data(contentsOf: directory.appending(path: wheel)) == Data(contentsOf: fixture.file(wheel)))
    }

    @Test func pipsOwnReasonIsShown() async throws {
        let failure = await fixture.failure(.pypi(requirement: "tiny-model==9.9", members: []), environment: environment)
        #expect(failure.contains("the Python package tiny-model==9.9 cannot be fetched"))
        #expect(failure.contains("No matching distribution found for tiny-model==9.9"))
        #expect(failure.contains("decant import FILE"))
    }

    @Test(arguments: [
        "--pre", "-r/etc/passwd", "a", "a>=1", "a==1; x", "a==1 b", "a @ http://x", "a[b]==1", "a==", "./a==1", "",
    ])
    func onlyANameAndAVersionReachPip(requirement: String) async {
        let failure = await fixture.failure(.pypi(requirement: requirement, members: []), environment: environment)
        #expect(failure == "'\(requirement)' is not a requirement of the form name==version")
    }

    @Test func aMachineWithoutPythonIsToldSo() async {
        let failure = await fixture.failure(.pypi(requirement: "a==1", members: []), environment: ["PATH": fixture.folder.path])
        #expect(failure.contains("that needs python3, which is missing here"))
    }
}

@Suite struct GitFetchTests {
    let fixture: FetchFixture
    let url: String
    let first: String
    let second: String

    init() throws {
        fixture = try FetchFixture()
        try fixture.run("git", "init", "--quiet", "--initial-branch=main", "origin")
        try fixture.write("one $Format:%H$ $Id$\n", to: "origin/data/a.txt")
        try fixture.write("two\n", to: "origin/data/deep/b.txt")
        try fixture.write("skip\n", to: "origin/ignored.txt")
        try fixture.write("* text eol=crlf export-subst ident\nignored.txt export-ignore\n", to: "origin/.gitattributes")
        let commit = { (fixture: FetchFixture, message: String) in
            try fixture.run("git", "-C", "origin", "add", "-A")
            try fixture.run("git", "-C", "origin", "commit", "--quiet", "-m", message)
            return try fixture.run("git", "-C", "origin", "rev-parse", "HEAD")
        }
        first = try commit(fixture, "first")
        try fixture.run("git", "-C", "origin", "tag", "-a", "-m", "release", "v1")
        try fixture.write("changed\n", to: "origin/data/deep/b.txt")
        second = try commit(fixture, "second")
        url = "file://" + fixture.file("origin").path
    }

    @Test func theFilesOfACommitAreAsTheyWereCommitted() async throws {
        let files = try await fixture.fetch(.git(url: url, revision: first, members: []))
        #expect(
            files == ["data/a.txt": "one $Format:%H$ $Id$\n", "data/deep/b.txt": "two\n", "ignored.txt": "skip\n"])
    }

    @Test func membersAndNamesOfRevisions() async throws {
        let fetched = { (revision: String, member: String) in
            try await fixture.fetch(.git(url: url, revision: revision, members: [member]))
        }
        #expect(try await fetched(second, "b.txt") == ["data/deep/b.txt": "changed\n"])
        #expect(try await fetched("main", "b.txt") == ["data/deep/b.txt": "changed\n"])
        #expect(try await fetched("v1", "data/*/*") == ["data/deep/b.txt": "two\n"])
    }

    /// No server gives a commit by the first digits of its id, but it is in what a whole fetch brings.
    @Test func aCommitThatTheServerDoesNotGiveByNameIsFoundInAWholeFetch() async throws {
        let revision = String(first.prefix(12))
        #expect(try await fixture.fetch(.git(url: url, revision: revision, members: ["b.txt"])) == ["data/deep/b.txt": "two\n"])
    }

    @Test func aMovingRevisionResolvesToACommit() async throws {
        let fetcher = NetworkFetcher()
        let resolved = { (revision: String) in
            try await fetcher.resolve(.git(url: url, revision: revision, members: ["*.txt"]))
        }
        #expect(try await resolved("main") == .git(url: url, revision: second, members: ["*.txt"]))
        #expect(try await resolved("HEAD") == .git(url: url, revision: second, members: ["*.txt"]))
        #expect(try await resolved("v1") == .git(url: url, revision: first, members: ["*.txt"]))
        #expect(try await resolved(first) == .git(url: url, revision: first, members: ["*.txt"]))
        let unknown = FetchError.unknownRevision(url: url, revision: "v2")
        await #expect(throws: unknown) { _ = try await resolved("v2") }
        #expect(unknown.description.contains("has no branch, tag or commit 'v2'"))
    }

    @Test func whatNeedsNoResolvingStays() async throws {
        let origins: [FixedOutput.Origin] = [
            .path("/a"), .url("http://127.0.0.1:9/a", members: ["b"]), .pypi(requirement: "a==1", members: []),
        ]
        for origin in origins { #expect(try await NetworkFetcher().resolve(origin) == origin) }
    }

    @Test func anUnknownRevisionAndAnUnreachableRepositoryAreNamed() async {
        let revision = String(repeating: "0", count: 40)
        #expect(
            await fixture.failure(.git(url: url, revision: revision, members: []))
                == "\(url) has no branch, tag or commit '\(revision)'; a commit is named by all of its 40 digits")
        let nowhere = await fixture.failure(.git(url: url + "-gone", revision: "main", members: []))
        #expect(nowhere.contains("cannot be fetched: git says:"))
        #expect(nowhere.contains("decant import FILE"))
    }

    @Test(arguments: ["ext::sh -c true", "--upload-pack=x", "/etc", "git://127.0.0.1/x", "-x@host:y", "file:///a\nb"])
    func onlyAddressesOfKnownKindsReachGit(url: String) async {
        let failure = await fixture.failure(.git(url: url, revision: "main", members: []))
        #expect(failure.hasSuffix("is not the address of a git repository: http, https, ssh or file"))
    }

    @Test(arguments: ["--all", "a..b", "a:b", "a b", "+a", "a^{tree}", "a//b", ""])
    func onlyNamesOfRevisionsReachGit(revision: String) async {
        let failure = await fixture.failure(.git(url: url, revision: revision, members: []))
        #expect(failure == "'\(revision)' is not the name of a branch, a tag or a commit")
    }

    @Test func aLinkIsRefusedWhereItIsChosen() async throws {
        try FileManager.default.createSymbolicLink(
            atPath: fixture.file("origin/link.txt").path, withDestinationPath: "/etc/hostname")
        try fixture.run("git", "-C", "origin", "add", "-A")
        try fixture.run("git", "-C", "origin", "commit", "--quiet", "-m", "link")
        let failure = await fixture.failure(.git(url: url, revision: "main", members: []))
        #expect(failure.contains("link.txt in tree.tar is a link or a special file; choose other members"))
        #expect(try await fixture.fetch(.git(url: url, revision: "main", members: ["b.txt"])).count == 1)
    }

    @Test func aRepositoryOfSomebodyElseInTheEnvironmentIsLeftAlone() async throws {
        try fixture.run("git", "init", "--quiet", "--bare", "theirs")
        let before = try FileManager.default.subpathsOfDirectory(atPath: fixture.file("theirs").path)
        let environment = [
            "GIT_DIR": fixture.file("theirs").path, "GIT_OBJECT_DIRECTORY": fixture.file("theirs/objects").path,
        ]
        let files = try await fixture.fetch(.git(url: url, revision: "v1", members: ["a.txt"]), environment: environment)
        #expect(files.keys.sorted() == ["data/a.txt"])
        #expect(try FileManager.default.subpathsOfDirectory(atPath: fixture.file("theirs").path) == before)
    }
}

@Suite struct HuggingFaceFetchTests {
    let fixture: FetchFixture
    let server: FileServer
    let other: FileServer
    let environment: [String: String]
    let commit = String(repeating: "5", count: 40)

    init() throws {
        fixture = try FetchFixture()
        try fixture.write("", to: "hub/x")
        try fixture.write("", to: "cdn/x")
        server = try FileServer(fixture.file("hub"))
        other = try FileServer(fixture.file("cdn"))
        environment = ["HF_ENDPOINT": server.address + "/", "HF_TOKEN": "hf_secret"]
        let description = """
            {"sha": "\(commit)", "siblings": [{"rfilename": ".gitattributes"}, {"rfilename": "config.json"},
            {"rfilename": "onnx/model one.bin"}, {"rfilename": "model.safetensors"}]}
            """
        for path in ["models/owner/tiny/revision/main", "datasets/owner/rows/revision/main"] {
            try fixture.write(description, to: "hub/api/\(path)")
        }
        try fixture.write("config", to: "hub/owner/tiny/resolve/main/config.json")
        try fixture.write("rows", to: "hub/datasets/owner/rows/resolve/main/config.json")
        try fixture.write("binary", to: "hub/owner/tiny/resolve/main/onnx/model%20one.bin")
        try fixture.write("\(other.address)/blob", to: "hub/owner/tiny/resolve/main/model.safetensors.redirect")
        try fixture.write("weights", to: "cdn/blob")
    }

    @Test func allFilesOrTheChosenOnes() async throws {
        let fetched = { (members: [String]) in
            try await fixture.fetch(
                .huggingFace(repository: "owner/tiny", revision: "main", members: members), environment: environment)
        }
        #expect(
            try await fetched([])
                == ["config.json": "config", "model.safetensors": "weights", "onnx/model one.bin": "binary"])
        #expect(try await fetched(["*.bin"]) == ["onnx/model one.bin": "binary"])
    }

    @Test func dataSetsHaveAPrefix() async throws {
        let origin = FixedOutput.Origin.huggingFace(
            repository: "datasets/owner/rows", revision: "main", members: ["config.json"])
        #expect(try await fixture.fetch(origin, environment: environment) == ["config.json": "rows"])
    }

    @Test func theTokenGoesToTheHubAndNowhereElse() async throws {
        try fixture.write("", to: "hub/owner/tiny/resolve/main/config.json.private")
        let origin = FixedOutput.Origin.huggingFace(
            repository: "owner/tiny", revision: "main", members: ["config.json", "*.safetensors"])
        #expect(try await fixture.fetch(origin, environment: environment).count == 2)
        #expect(server.requests.count == 3)
        #expect(server.requests.allSatisfy { $0.hasSuffix(" Bearer hf_secret") })
        #expect(other.requests == ["/blob -"])
        let failure = await fixture.failure(origin, environment: ["HF_ENDPOINT": server.address, "HF_TOKEN": ""])
        #expect(failure.contains("HTTP status 401: it does not exist, or needs a token in HF_TOKEN"))
        #expect(failure.contains("a data set is named datasets/owner/tiny"))
    }

    @Test func aMovingRevisionResolvesToACommit() async throws {
        let fetcher = NetworkFetcher(environment: environment)
        let origin = { FixedOutput.Origin.huggingFace(repository: "owner/tiny", revision: $0, members: ["a"]) }
        #expect(try await fetcher.resolve(origin("main")) == origin(commit))
        let requests = server.requests.count
        #expect(try await fetcher.resolve(origin(commit)) == origin(commit))
        #expect(server.requests.count == requests)
    }

    @Test func whatIsMissingOrUnreadableIsNamed() async throws {
        let failure = { (repository: String, revision: String, members: [String]) in
            await fixture.failure(
                .huggingFace(repository: repository, revision: revision, members: members), environment: environment)
        }
        #expect(
            await failure("owner/tiny", "main", ["*.gguf"]).contains(
                "has no file that matches '*.gguf'; it has config.json, model.safetensors, onnx/model one.bin"))
        #expect(await failure("owner/other", "main", []).contains("HTTP status 404"))
        #expect(
            await failure("../owner", "main", []).contains(
                "is not a name on Hugging Face: owner/name of a model, datasets/owner/name"))
        #expect(await failure("owner/tiny", "../x", []).contains("is not the name of a branch"))
        try fixture.write("<html>", to: "hub/api/models/owner/page/revision/main")
        #expect(await failure("owner/page", "main", []).contains("gave an answer that cannot be read: it is not JSON"))
        #expect(await failure("owner/tiny", "main", []).contains("hf_secret") == false)
    }
}
