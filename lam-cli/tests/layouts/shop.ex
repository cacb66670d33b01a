defprotocol Shop.Price do
  def of(thing)
end

defimpl Shop.Price, for: Integer do
  def of(number), do: number * 2
end

defmodule Shop do
  # An application with a dependency; both have a priv.
  def main(args) do
    names = :shop |> :code.priv_dir() |> Path.join("names") |> File.read!() |> String.split()
    IO.puts("#{inspect(names)} #{Enum.join(args, ",")} #{Till.state()} #{Shop.Price.of(21)}")
    IO.puts(Enum.map_join(names, " ", &String.capitalize/1) <> " " <> inspect(%{a: 1..3, b: ~r/x/.source}))

    try do
      Shop.Price.of("nothing")
    rescue
      error -> IO.puts(Exception.message(error))
    end

    try do
      String.to_integer("x")
    rescue
      error in ArgumentError -> IO.puts(Exception.message(error))
    end
  end
end
