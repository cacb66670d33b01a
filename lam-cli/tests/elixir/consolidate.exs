# Consolidates the protocols of ebin/ and of Elixir itself into consolidated/, as mix does.
paths = ["ebin", Path.join(:code.lib_dir(:elixir), "ebin")] |> Enum.map(&to_charlist/1)
File.mkdir_p!("consolidated")

for protocol <- Protocol.extract_protocols(paths) do
  {:ok, binary} = Protocol.consolidate(protocol, Protocol.extract_impls(protocol, paths))
  File.write!("consolidated/#{protocol}.beam", binary)
end

IO.puts(:code.lib_dir(:elixir))
